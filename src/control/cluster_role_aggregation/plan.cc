#include "control/cluster_role_aggregation/plan.h"

#include <algorithm>

#include "api/equality.h"
#include "api/selector.h"

namespace stint::cluster_role_aggregation {
namespace {

const rbacv1::ClusterRole& role_of(const Object& object) { return static_cast<const rbacv1::ClusterRole&>(*object); }

bool same(const Rules& a, const Rules& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) { return semantically_equal(x, y); });
}

}  // namespace

Result<std::optional<Rules>> plan(const rbacv1::ClusterRole& role, const std::vector<Object>& roles) {
  if (!role.has_aggregationrule()) return std::nullopt;
  std::vector<Object> by_name = roles;
  std::ranges::sort(by_name, {}, [](const Object& object) { return meta(*object).name(); });
  Rules rules;
  for (const metav1::LabelSelector& one : role.aggregationrule().clusterroleselectors()) {
    TRY(const LabelSelector selector, LabelSelector::from(one));
    for (const Object& object : by_name) {
      if (meta(*object).name() == role.metadata().name() || !selector.matches(meta(*object).labels())) continue;
      for (const rbacv1::PolicyRule& rule : role_of(object).rules()) {
        if (std::ranges::none_of(rules, [&](const auto& known) { return semantically_equal(known, rule); })) *rules.Add() = rule;
      }
    }
  }
  if (same(rules, role.rules())) return std::nullopt;
  return rules;
}

}  // namespace stint::cluster_role_aggregation
