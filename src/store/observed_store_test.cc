#include "store/observed_store.h"

#include <gtest/gtest.h>

#include "store/threaded_sim_loop.h"

namespace stint {
namespace {

// Answers each write as it is told.
class ToldStore final : public Store {
 public:
  std::optional<Error> refusal;

  std::optional<Entry> get(std::string_view) const override { return std::nullopt; }
  Result<Range> range(const RangeOptions&) const override { return Range{}; }
  Revision revision() const override { return 1; }
  Revision compacted() const override { return 1; }
  void compact(Revision) override {}
  Task<Result<Revision>> commit(Write) override {
    if (refusal) co_return fail(*refusal);
    co_return Revision{2};
  }
  Result<std::unique_ptr<StoreWatch>> watch(std::string, Revision) override { return fail(Reason::kExpired, ""); }
};

TEST(ObservedStore, IsIllFromARefusedWriteToTheNextThatIsTaken) {
  ThreadedSimLoop loop;
  auto told = std::make_unique<ToldStore>();
  ToldStore& medium = *told;
  ObservedStore store(std::move(told));
  const auto write = [&] { return loop.await(store.commit({.key = "/a"})); };
  EXPECT_TRUE(store.health());
  medium.refusal = Error{.reason = Reason::kInternalError, .message = "disk full"};
  EXPECT_FALSE(write());
  EXPECT_EQ(store.health().error().message, "disk full");
  medium.refusal = Error{.reason = Reason::kConflict};
  EXPECT_FALSE(write());
  EXPECT_FALSE(store.health());
  medium.refusal.reset();
  EXPECT_TRUE(write());
  EXPECT_TRUE(store.health());
  medium.refusal = Error{.reason = Reason::kConflict};
  EXPECT_FALSE(write());
  EXPECT_TRUE(store.health());
}

}  // namespace
}  // namespace stint
