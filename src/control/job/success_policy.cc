#include "control/job/success_policy.h"

namespace stint::job {
namespace {

bool is_met(const batchv1::SuccessPolicyRule& rule, int completions, const IndexSet& succeeded) {
  if (!rule.has_succeededindexes()) return rule.has_succeededcount() && succeeded.size() >= rule.succeededcount();
  const IndexSet listed = IndexSet::parse(rule.succeededindexes(), completions);
  if (listed.empty()) return false;
  const int done = listed.overlap(succeeded);
  return done == listed.size() || (rule.has_succeededcount() && done >= rule.succeededcount());
}

}  // namespace

std::optional<std::string> match_success_policy(const batchv1::Job& job, const IndexSet& succeeded) {
  if (succeeded.empty()) return std::nullopt;
  const auto& rules = job.spec().successpolicy().rules();
  for (int i = 0; i < rules.size(); ++i) {
    if (is_met(rules[i], job.spec().completions(), succeeded)) return "Matched rules at index " + std::to_string(i);
  }
  return std::nullopt;
}

}  // namespace stint::job
