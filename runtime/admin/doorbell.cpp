#include "admin/doorbell.h"

namespace coffees::admin {

Doorbell::Doorbell(const Executor& home, std::function<void()> on_ring)
    : descriptor_(home, counter_.descriptor()), on_ring_(std::move(on_ring)) {
  watch();
}

Doorbell::~Doorbell() { descriptor_.release(); }

void Doorbell::watch() {
  descriptor_.async_wait(Descriptor::wait_read, [this](const ErrorCode& error) {
    if (error) return;
    counter_.clear();
    watch();
    on_ring_();
  });
}

}  // namespace coffees::admin
