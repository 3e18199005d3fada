#include "platform/last_words.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <new>
#include <string_view>

namespace coffees::platform::last_words {
namespace {

int words_channel = -1;
std::array<std::string_view, 2> words;
volatile std::sig_atomic_t allocation_failed = 0;

// operator new gives up after this returns without having freed anything (C++ standard, [new.delete.single]).
void note_failed_allocation() {
  allocation_failed = 1;
  std::set_new_handler(nullptr);
}

// Only async-signal-safe calls here (signal-safety(7)).
void say_and_exit(int) {
  const std::string_view message = words[allocation_failed != 0 ? 1 : 0];
  ::send(words_channel, message.data(), message.size(), MSG_NOSIGNAL);
  ::_exit(kStatus);
}

}  // namespace

void send_on_abort(int channel, std::string_view message, std::string_view out_of_memory) {
  allocation_failed = 0;
  std::set_new_handler(note_failed_allocation);
  words_channel = channel;
  words = {message, out_of_memory};
  struct sigaction action {};
  action.sa_handler = say_and_exit;
  ::sigaction(SIGABRT, &action, nullptr);
}

}  // namespace coffees::platform::last_words
