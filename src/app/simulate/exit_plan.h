// Which exit code the n-th start of a container has. Pure but for its counters; loop thread only.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "cli/simulate_command.h"

namespace stint::simulate {

class ExitPlan {
 public:
  explicit ExitPlan(std::vector<cli::ExitCodes> rules) : rules_(std::move(rules)) {}

  struct Start {
    std::string job_uid;       // or the pod's, which no Job made
    std::optional<int> index;  // of an Indexed Job, whose indexes count for themselves
    std::string container;
    bool init = false;
  };
  int next(const Start& start);

 private:
  const cli::ExitCodes* rule_for(const Start& start) const;

  std::vector<cli::ExitCodes> rules_;
  std::map<std::tuple<std::string, int, std::string>, size_t> starts_;
};

}  // namespace stint::simulate
