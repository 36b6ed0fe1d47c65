// One seed: a workload, faults on every way, and checkers after each commit. The same seed does the same again. Loop thread only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/cluster.h"
#include "client/client.h"

namespace stint::sim {

struct SimOptions {
  uint64_t seed = 1;
  // A part that does wrong, for the test of the checkers: put between it and the faults. Null: none.
  std::function<std::unique_ptr<Client>(Part, std::unique_ptr<Client>)> plant;
};

struct SimResult {
  std::optional<std::string> violation;  // "rule: what"
  std::string steps;                     // the last ones before it
  size_t commits = 0;
  int crashes = 0;
};

SimResult simulate(const SimOptions& options);
// For a person: the seed that replays it, the rule, the steps.
std::string describe(uint64_t seed, const SimResult& result);

}  // namespace stint::sim
