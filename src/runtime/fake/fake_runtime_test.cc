#include "runtime/fake/fake_runtime.h"

#include <gtest/gtest.h>

#include "base/sim_loop.h"

namespace stint {
namespace {

class FakeRuntimeTest : public testing::Test {
 protected:
  Result<SandboxStatus> make_sandbox(int number) {
    std::optional<Result<SandboxStatus>> made;
    scope_.spawn(make(number, made));
    loop_.run_ready();
    return *made;
  }
  void remove_sandbox(int number) {
    scope_.spawn(drop(number));
    loop_.run_ready();
  }

 private:
  Task<void> make(int number, std::optional<Result<SandboxStatus>>& made) {
    made.emplace(co_await runtime_.create_sandbox({.id = std::to_string(number)}));
  }
  Task<void> drop(int number) { EXPECT_TRUE(co_await runtime_.remove_sandbox(std::to_string(number))); }

  SimLoop loop_{WallTime{}};
  FakeRuntime runtime_{loop_};
  Scope scope_{loop_};
};

TEST_F(FakeRuntimeTest, GivesAddressesOutAgain) {
  std::string first;
  for (int i = 0; i < 70'000; ++i) {
    const auto made = make_sandbox(i);
    ASSERT_TRUE(made) << i;
    if (i == 0) first = made->ip;
    if (i > 0) EXPECT_NE(made->ip, first) << "the first keeps its own";
    if (i > 0) remove_sandbox(i);
  }
  EXPECT_EQ(first, "10.88.0.2");
}

TEST_F(FakeRuntimeTest, RefusesASandboxWhenNoAddressIsFree) {
  for (int i = 0; i < 65'533; ++i) ASSERT_TRUE(make_sandbox(i)) << i;
  EXPECT_EQ(make_sandbox(65'533).error().message, "no address is free in 10.88.0.0/16");
  remove_sandbox(100);
  EXPECT_EQ(make_sandbox(65'533)->ip, "10.88.0.102");
}

}  // namespace
}  // namespace stint
