#include "client/informer.h"

#include <gtest/gtest.h>

#include "base/sim_loop.h"
#include "client/fake_client.h"

namespace stint {
namespace {

using namespace std::chrono_literals;
using Strings = std::vector<std::string>;

corev1::Pod pod(std::string name, std::string node = "") {
  corev1::Pod made;
  made.mutable_metadata()->set_namespace_("default");
  made.mutable_metadata()->set_name(std::move(name));
  if (!node.empty()) made.mutable_spec()->set_nodename(std::move(node));
  return made;
}

class InformerTest : public testing::Test {
 protected:
  InformerTest() {
    pods_.add_index("node", [](const Message& object) { return Strings{static_cast<const corev1::Pod&>(object).spec().nodename()}; });
    pods_.add_handler([this](const Object& old, const Object& next) { seen_.push_back(show(old, next)); });
  }

  // "+name" added, "~name" changed, "-name" deleted.
  static std::string show(const Object& old, const Object& next) {
    return (!old ? "+" : next ? "~" : "-") + meta(next ? *next : *old).name();
  }
  Strings take_seen() { return std::exchange(seen_, {}); }
  size_t on_node(std::string_view node) const { return pods_.by_index("node", node).size(); }

  SimLoop loop_{WallTime{}};
  FakeClient client_{loop_};
  Informer pods_{loop_, client_, kind_of<corev1::Pod>()};
  Strings seen_;
};

TEST_F(InformerTest, ListsThenFollows) {
  client_.put(pod("a"));
  pods_.start();
  EXPECT_FALSE(pods_.synced());
  loop_.run_ready();
  EXPECT_TRUE(pods_.synced());
  EXPECT_EQ(take_seen(), (Strings{"+a"}));
  client_.put(pod("b"));
  client_.put(*client_.find<corev1::Pod>("default", "a"));
  client_.erase(kind_of<corev1::Pod>(), "default", "b");
  loop_.run_ready();
  EXPECT_EQ(take_seen(), (Strings{"+b", "~a", "-b"}));
  EXPECT_EQ(pods_.size(), 1u);
  EXPECT_TRUE(pods_.get("default", "a"));
  EXPECT_FALSE(pods_.get("default", "b"));
}

TEST_F(InformerTest, KeepsItsIndexesCurrent) {
  pods_.start();
  client_.put(pod("a", "n1"));
  client_.put(pod("b", "n1"));
  loop_.run_ready();
  EXPECT_EQ(on_node("n1"), 2u);
  corev1::Pod moved = *client_.find<corev1::Pod>("default", "a");
  moved.mutable_spec()->set_nodename("n2");
  client_.put(moved);
  client_.erase(kind_of<corev1::Pod>(), "default", "b");
  loop_.run_ready();
  EXPECT_EQ(on_node("n1"), 0u);
  EXPECT_EQ(on_node("n2"), 1u);
}

TEST_F(InformerTest, RelistsAfterAnExpiredWatchAndTellsTheDifference) {
  client_.put(pod("kept"));
  client_.put(pod("changed"));
  client_.put(pod("gone"));
  pods_.start();
  loop_.run_ready();
  take_seen();
  client_.expire_watches();
  loop_.run_ready();
  client_.put(*client_.find<corev1::Pod>("default", "changed"));
  client_.erase(kind_of<corev1::Pod>(), "default", "gone");
  client_.put(pod("new"));
  loop_.run_ready();
  EXPECT_EQ(take_seen(), Strings{});
  loop_.run_for(1s);
  EXPECT_EQ(take_seen(), (Strings{"-gone", "~changed", "+new"}));
  client_.put(pod("newer"));
  loop_.run_ready();
  EXPECT_EQ(take_seen(), (Strings{"+newer"}));
}

TEST_F(InformerTest, SeesAnObjectThatTookANameAsDeletedAndAdded) {
  client_.put(pod("a"));
  pods_.start();
  loop_.run_ready();
  client_.expire_watches();
  client_.erase(kind_of<corev1::Pod>(), "default", "a");
  client_.put(pod("a"));
  loop_.run_for(1s);
  EXPECT_EQ(take_seen(), (Strings{"+a", "-a", "+a"}));
}

TEST_F(InformerTest, KeepsTryingWhileTheServerFails) {
  client_.put(pod("a"));
  client_.set_failures([](std::string_view, const Kind&, std::string_view) { return Error{.message = "down"}; });
  pods_.start();
  loop_.run_for(10s);
  EXPECT_FALSE(pods_.synced());
  client_.set_failures(nullptr);
  loop_.run_for(1s);
  EXPECT_TRUE(pods_.synced());
  EXPECT_EQ(client_.calls().size(), 13u);  // eleven failed lists, a list and a watch
}

TEST_F(InformerTest, TellsALateHandlerWhatIsThere) {
  client_.put(pod("a"));
  pods_.start();
  loop_.run_ready();
  Strings late;
  pods_.add_handler([&](const Object& old, const Object& next) { late.push_back(show(old, next)); });
  EXPECT_EQ(late, (Strings{"+a"}));
}

TEST_F(InformerTest, HoldsOnlyWhatItsSelectorAsksFor) {
  Informer mine(loop_, client_, kind_of<corev1::Pod>(), {.label_selector = "mine=yes"});
  mine.start();
  corev1::Pod chosen = pod("a");
  (*chosen.mutable_metadata()->mutable_labels())["mine"] = "yes";
  client_.put(chosen);
  client_.put(pod("b"));
  loop_.run_ready();
  EXPECT_EQ(mine.size(), 1u);
  client_.put(pod("a"));
  loop_.run_ready();
  EXPECT_EQ(mine.size(), 0u);
}

}  // namespace
}  // namespace stint
