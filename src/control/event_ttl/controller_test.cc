#include "control/event_ttl/controller.h"

#include <gtest/gtest.h>

#include "api/object.h"

namespace stint::event_ttl {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kNow{1'800'000'000s};

Object make_event(const std::string& name, Duration age) {
  auto event = std::make_shared<corev1::Event>();
  event->mutable_metadata()->set_name(name);
  *event->mutable_metadata()->mutable_creationtimestamp() = to_time(kNow - 5h);
  *event->mutable_lasttimestamp() = to_time(kNow - age);
  return event;
}

std::vector<std::string> outdated(std::vector<Object> events, size_t events_max) {
  std::vector<std::string> names;
  for (const Object& event : find_outdated(std::move(events), kNow, events_max)) names.push_back(meta(*event).name());
  return names;
}

TEST(EventTtl, RemovesWhatWasLastWrittenAnHourAgo) {
  EXPECT_EQ(outdated({make_event("new", 59min), make_event("old", 1h), make_event("older", 2h)}, 10),
            (std::vector<std::string>{"older", "old"}));
}

TEST(EventTtl, RemovesTheOldestOfTooMany) {
  EXPECT_EQ(outdated({make_event("b", 2min), make_event("c", 1min), make_event("a", 3min)}, 2), (std::vector<std::string>{"a"}));
  EXPECT_TRUE(outdated({make_event("a", 1min), make_event("b", 2min)}, 2).empty());
}

}  // namespace
}  // namespace stint::event_ttl
