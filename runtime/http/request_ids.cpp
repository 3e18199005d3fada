#include "http/request_ids.h"

#include <algorithm>

namespace coffees::http {

RequestIds::Use RequestIds::begin(RequestId& id, std::string_view given, bool& in_use) {
  in_use = false;
  if (!given.empty()) {  // nearly always it is
    if (const std::optional<RequestId> wanted = RequestId::parse(given)) {
      in_use = !may_adopt(given);
      if (!in_use) {
        id = *wanted;
        remember(id);
        return Use(id.view(), adopted_in_use_);
      }
    }
  }
  return Use(id.view(), ours_in_use_);
}

bool RequestIds::may_adopt(std::string_view given) const {
  if (adopted_in_use_.contains(given) || remembered_views_.contains(given)) return false;
  return std::none_of(ours_in_use_.begin(), ours_in_use_.end(),
                      [given](const Use& use) { return use.id_ == given; });
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

}  // namespace coffees::http
