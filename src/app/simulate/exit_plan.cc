#include "app/simulate/exit_plan.h"

#include <algorithm>

namespace stint::simulate {

const cli::ExitCodes* ExitPlan::rule_for(const Start& start) const {
  const cli::ExitCodes* best = nullptr;
  int best_says = -1;
  for (const cli::ExitCodes& rule : rules_) {
    if (rule.index && rule.index != start.index) continue;
    if (!rule.container.empty() && rule.container != start.container) continue;
    // An init container that fails is meant only if it is named.
    if (rule.container.empty() && start.init) continue;
    const int says = (rule.index ? 1 : 0) + (rule.container.empty() ? 0 : 2);
    if (says < best_says) continue;
    best = &rule;
    best_says = says;
  }
  return best;
}

int ExitPlan::next(const Start& start) {
  const size_t count = starts_[{start.job_uid, start.index.value_or(-1), start.container}]++;
  const cli::ExitCodes* rule = rule_for(start);
  return rule == nullptr ? 0 : rule->codes[std::min(count, rule->codes.size() - 1)];
}

}  // namespace stint::simulate
