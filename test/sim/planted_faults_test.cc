// The checkers bite: each fault, planted between the controllers and the server, is found by the rule that is about it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "planted_client.h"
#include "simulator.h"

namespace stint::sim {
namespace {

constexpr uint64_t kSeedsMax = 40;

struct Planted {
  Plant plant;
  const char* name;
  const char* rule;
};

class PlantedFaults : public testing::TestWithParam<Planted> {};

TEST_P(PlantedFaults, AreCaught) {
  set_log_level(LogLevel::kError);
  SimOptions options;
  options.plant = [](Part part, std::unique_ptr<Client> client) {
    return part == Part::kControllers ? make_planted_client(GetParam().plant, std::move(client)) : std::move(client);
  };
  for (uint64_t seed = 1; seed <= kSeedsMax; ++seed) {
    options.seed = seed;
    const SimResult result = simulate(options);
    if (!result.violation) continue;
    EXPECT_THAT(*result.violation, testing::StartsWith(GetParam().rule)) << describe(seed, result);
    RecordProperty("seed", static_cast<int>(seed));
    std::printf("%s is caught by seed %d: %s\n", GetParam().name, static_cast<int>(seed), result.violation->c_str());
    return;
  }
  FAIL() << GetParam().name << " is not caught";
}

INSTANTIATE_TEST_SUITE_P(Checkers, PlantedFaults,
                         testing::Values(Planted{Plant::kDoubleCount, "DoubleCount", "each pod is counted once"},
                                         Planted{Plant::kLostFinalizer, "LostFinalizer", "each pod is counted once"},
                                         Planted{Plant::kEarlyRelease, "EarlyRelease", "no pod loses its finalizer before it is counted"},
                                         Planted{Plant::kEarlyCondition, "EarlyCondition", "a Job ends when it has ended"},
                                         Planted{Plant::kSecondPod, "SecondPod", "no more pods than parallelism allows"},
                                         Planted{Plant::kSecondRun, "SecondRun", "a CronJob starts a time once"},
                                         Planted{Plant::kOverlap, "Overlap", "a CronJob that forbids it runs one Job at a time"},
                                         Planted{Plant::kLostRun, "LostRun", "a CronJob goes on"},
                                         Planted{Plant::kForgottenIndex, "ForgottenIndex", "counts never fall"}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace stint::sim
