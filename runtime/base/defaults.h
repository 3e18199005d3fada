// Defaults that the configuration shares with the room that uses the value. Those of one room stand in its
// settings.
#pragma once

#include <chrono>
#include <cstdint>

namespace coffees::defaults {

constexpr std::chrono::nanoseconds kTimeout = std::chrono::seconds(3);  ///< of one invocation
constexpr std::chrono::nanoseconds kInitTimeout =
    std::chrono::seconds(10);  ///< of loading a library and its init
constexpr std::chrono::nanoseconds kQueueTimeout = std::chrono::seconds(1);  ///< of waiting for a worker
constexpr std::chrono::nanoseconds kLinger =
    std::chrono::seconds(2);                         ///< for a refused client to keep sending
constexpr std::uint64_t kMaxBody = 6ULL << 20;       ///< bytes, of a request or an answer
constexpr std::uint64_t kMinUpload = 64ULL << 10;    ///< bytes a second of a body, on average
constexpr std::uint64_t kLogFileSize = 16ULL << 20;  ///< bytes
constexpr std::uint32_t kLogFiles = 5;               ///< older ones that are kept

}  // namespace coffees::defaults
