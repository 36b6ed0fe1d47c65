#include "client/event_correlator.h"

#include <algorithm>
#include <initializer_list>

namespace stint {
namespace {

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string key;
  for (std::string_view part : parts) {
    key += part;
    key += '\0';
  }
  return key;
}

std::string object_and_source(const corev1::Event& event) {
  const auto& object = event.involvedobject();
  return joined({event.source().component(), event.source().host(), object.kind(), object.namespace_(), object.name(), object.uid(),
                 object.apiversion(), event.type()});
}

}  // namespace

EventCorrelator::Decision EventCorrelator::decide(corev1::Event& event, WallTime now) {
  const std::string about = object_and_source(event);
  Decision decision{.key = summarize(event, now)};
  Counted& counted = counted_.touch(decision.key);
  if (counted.count > 0) {
    decision.action = Action::kCount;
    event.mutable_metadata()->set_name(counted.name);
    *event.mutable_firsttimestamp() = counted.first;
  }
  event.set_count(counted.count + 1);
  // A dropped repeat is counted all the same, and shows with the next one written.
  counted = Counted{event.count(), event.metadata().name(), event.firsttimestamp()};
  if (!is_allowed(about, now)) decision.action = Action::kDrop;
  return decision;
}

void EventCorrelator::written(const std::string& key, const corev1::Event& event) {
  counted_.touch(key) = Counted{event.count(), event.metadata().name(), event.firsttimestamp()};
}

// The key that repeats of the event share: its own, or that of the summary it has become part of.
std::string EventCorrelator::summarize(corev1::Event& event, WallTime now) {
  std::string group = object_and_source(event) + joined({event.reason()});
  Similar& similar = similar_.touch(group);
  if (now - similar.last > kSimilarSpan) similar.messages.clear();
  similar.last = now;
  similar.messages.insert(event.message());
  if (similar.messages.size() < kSimilarMax) return group + joined({event.involvedobject().fieldpath(), event.message()});
  similar.messages.erase(similar.messages.begin());
  event.set_message("(combined from similar events): " + event.message());
  return group;
}

bool EventCorrelator::is_allowed(const std::string& key, WallTime now) {
  Allowance& allowance = allowances_.touch(key);
  if (!allowance.known) allowance = Allowance{.known = true, .tokens = kBurst, .last = now};
  const double refilled = std::chrono::duration<double>(now - allowance.last) / std::chrono::duration<double>(kRefill);
  allowance.tokens = std::min<double>(kBurst, allowance.tokens + std::max(refilled, 0.0));  // the wall clock may have gone back
  allowance.last = now;
  if (allowance.tokens < 1) return false;
  allowance.tokens -= 1;
  return true;
}

}  // namespace stint
