#include "server/rest/fair_share.h"

#include <gtest/gtest.h>

#include "base/sim_loop.h"

namespace stint::rest {
namespace {

using Ticket = FairShare::Ticket;

class FairShareTest : public testing::Test {
 protected:
  // Asks for a place; `order` learns who got one.
  static Task<void> work(FairShareTest* self, std::string user) {
    auto ticket = co_await self->share_.enter(user);
    if (!ticket) {
      ++self->refused_;
      co_return;
    }
    self->order_.push_back(user);
    Event never(self->loop_);
    self->tickets_.push_back(*std::move(ticket));
  }
  static Task<void> take(FairShare* share, std::string user, std::optional<Ticket>* out) {
    if (auto ticket = co_await share->enter(std::move(user))) out->emplace(*std::move(ticket));
  }
  void ask(std::string user) {
    scope_.spawn(work(this, std::move(user)));
    loop_.run_ready();
  }
  void finish_one() {
    tickets_.pop_front();
    loop_.run_ready();
  }

  SimLoop loop_{WallTime(std::chrono::seconds(1'800'000'000))};
  FairShare share_{loop_, {.running_max = 2, .waiting_per_user_max = 5, .waiting_max = 8, .streams_per_user_max = 2, .streams_max = 3}};
  std::vector<std::string> order_;
  std::deque<Ticket> tickets_;
  int refused_ = 0;
  Scope scope_{loop_};
};

TEST_F(FairShareTest, AGreedyUserKeepsNobodyWaitingForLong) {
  for (int i = 0; i < 6; ++i) ask("greedy");
  ask("modest");
  EXPECT_EQ(order_, (std::vector<std::string>{"greedy", "greedy"}));
  finish_one();
  EXPECT_EQ(order_.back(), "modest");
  finish_one();
  EXPECT_EQ(order_.back(), "greedy");
}

TEST_F(FairShareTest, OneUserLeavesPlacesToOthers) {
  FairShare share(loop_, {.running_max = 3, .running_per_user_max = 2});
  auto first = share.enter_now("greedy"), second = share.enter_now("greedy");
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(share.enter_now("greedy"));
  std::optional<Ticket> third;
  Scope scope(loop_);
  scope.spawn(take(&share, "greedy", &third));
  loop_.run_ready();
  {
    const auto other = share.enter_now("other");
    EXPECT_TRUE(other);
  }
  loop_.run_ready();
  EXPECT_FALSE(third);  // a place is free, and not for him
  first.reset();
  loop_.run_ready();
  EXPECT_TRUE(third);
}

TEST_F(FairShareTest, WhatWaitsIsBounded) {
  for (int i = 0; i < 8; ++i) ask("greedy");
  EXPECT_EQ(refused_, 1);
  EXPECT_EQ(share_.waiting(), 5u);
  for (int i = 0; i < 4; ++i) ask("other");
  EXPECT_EQ(refused_, 2);
  EXPECT_EQ(share_.waiting(), 8u);
}

TEST_F(FairShareTest, NobodyWaitsForEver) {
  for (int i = 0; i < 3; ++i) ask("a");
  loop_.run_for(std::chrono::seconds(31));
  EXPECT_EQ(refused_, 1);
  EXPECT_EQ(share_.waiting(), 0u);
}

TEST_F(FairShareTest, WhoGoesAwayLeavesTheLineOrGivesThePlaceToTheNext) {
  ask("a");
  ask("a");
  {
    Scope gone(loop_);
    gone.spawn(work(this, "b"));
    loop_.run_ready();
    EXPECT_EQ(share_.waiting(), 1u);
  }
  EXPECT_EQ(share_.waiting(), 0u);
  {
    Scope gone(loop_);
    gone.spawn(work(this, "b"));
    loop_.run_ready();
    ask("c");
    tickets_.pop_front();  // it is b's turn, but b is gone before it goes on
  }
  loop_.run_ready();
  EXPECT_EQ(order_.back(), "c");
  EXPECT_EQ(share_.running(), 2u);
}

TEST_F(FairShareTest, StreamsAreCountedForEachUserAndForAll) {
  auto a = share_.open_stream("a"), b = share_.open_stream("a");
  EXPECT_TRUE(a && b);
  EXPECT_FALSE(share_.open_stream("a"));
  auto c = share_.open_stream("b");
  EXPECT_TRUE(c);
  EXPECT_FALSE(share_.open_stream("b"));
  a.reset();
  EXPECT_TRUE(share_.open_stream("b"));
}

}  // namespace
}  // namespace stint::rest
