// The ids of requests: ours, or the client's own where they can be told apart from all others.
#pragma once

#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "request_id.h"

namespace coffees::front {

/// Knows which ids are in use and which were adopted lately. Loop thread only.
class RequestIds {
 public:
  /// So many adopted ids are remembered: none of them is adopted again meanwhile.
  static constexpr std::size_t kRemembered = 4096;

  /// As long as it lives, its id is in use.
  class Use {
   public:
    Use(Use&& other) noexcept : ids_(std::exchange(other.ids_, nullptr)), id_(other.id_) {}
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() {
      if (ids_ != nullptr) ids_->in_use_.erase(id_);
    }

   private:
    friend class RequestIds;
    Use(RequestIds& ids, std::string_view id) : ids_(&ids), id_(id) {}
    RequestIds* ids_;
    std::string_view id_;
  };

  /// Begins the use of `id`, which stays where it is until that ends. Takes over `given`, what the client has
  /// sent, when it is an id (RequestId::parse) that is neither in use nor remembered. `in_use` says whether
  /// it was an id, but one of these.
  Use begin(RequestId& id, std::string_view given, bool& in_use);

 private:
  bool may_adopt(std::string_view given) const;
  void remember(const RequestId& id);

  std::unordered_set<std::string_view> in_use_;
  std::vector<RequestId> remembered_;  ///< a ring; its memory is taken when the first one is adopted
  std::unordered_set<std::string_view> remembered_views_;
  std::size_t oldest_ = 0;
};

}  // namespace coffees::front
