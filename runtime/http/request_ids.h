// The ids of requests: ours, or the client's own where they can be told apart from all others.
#pragma once

#include <boost/intrusive/list.hpp>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "request_id.h"

namespace coffees::http {

/// Knows which ids are in use and which were adopted lately. Loop thread only.
class RequestIds {
 public:
  explicit RequestIds(const Clock& clock) : source_(clock) {}

  /// A new one of ours.
  RequestId make() { return source_.make(); }

  /// So many adopted ids are remembered: none of them is adopted again meanwhile.
  static constexpr std::size_t kRemembered = 4096;

  /// As long as it lives, its id is in use.
  class Use
      : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
   public:
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() {
      if (adopted_ != nullptr) adopted_->erase(id_);
    }

   private:
    friend class RequestIds;
    /// Of an adopted id.
    Use(std::string_view id, std::unordered_set<std::string_view>& adopted) : id_(id), adopted_(&adopted) {
      adopted.insert(id);
    }
    /// Of one of ours.
    template <typename List>
    Use(std::string_view id, List& ours) : id_(id) {
      ours.push_back(*this);
    }
    std::string_view id_;
    std::unordered_set<std::string_view>* adopted_ = nullptr;  ///< null: it is one of ours
  };

  /// Begins the use of `id`, which stays where it is until that ends. Takes over `given`, what the client has
  /// sent, when it is an id (RequestId::parse) that is neither in use nor remembered. `in_use` says whether
  /// it was an id, but one of these.
  Use begin(RequestId& id, std::string_view given, bool& in_use);

 private:
  [[nodiscard]] bool may_adopt(std::string_view given) const;
  void remember(const RequestId& id);

  RequestIdSource source_;
  // Ours need no memory of their own: they are looked for only when a client gives an id.
  boost::intrusive::list<Use, boost::intrusive::constant_time_size<false>> ours_in_use_;
  std::unordered_set<std::string_view> adopted_in_use_;
  std::vector<RequestId> remembered_;  ///< a ring; its memory is taken when the first one is adopted
  std::unordered_set<std::string_view> remembered_views_;
  std::size_t oldest_ = 0;
};

}  // namespace coffees::http
