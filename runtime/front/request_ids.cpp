#include "front/request_ids.h"

#include <algorithm>

namespace coffees::front {

RequestIds::Use RequestIds::begin(RequestId& id, std::string_view given, bool& in_use) {
  in_use = false;
  if (!given.empty()) {  // nearly always it is
    if (const std::optional<RequestId> wanted = RequestId::parse(given)) {
      in_use = !may_adopt(given);
      if (!in_use) {
        id = *wanted;
        remember(id);
      }
    }
  }
  return Use(in_use_, id.view());
}

bool RequestIds::may_adopt(std::string_view given) const {
  if (remembered_views_.contains(given)) return false;
  return std::none_of(in_use_.begin(), in_use_.end(), [given](const Use& use) { return use.id_ == given; });
}

void RequestIds::remember(const RequestId& id) {
  if (remembered_.size() < kRemembered) {
    remembered_.reserve(kRemembered);  // the views must stay where they are
    remembered_views_.insert(remembered_.emplace_back(id).view());
    return;
  }
  RequestId& place = remembered_[oldest_];
  oldest_ = (oldest_ + 1) % kRemembered;
  remembered_views_.erase(place.view());
  place = id;
  remembered_views_.insert(place.view());
}

}  // namespace coffees::front
