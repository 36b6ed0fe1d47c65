#include "control/resource_quota/plan.h"

#include <algorithm>

#include "api/core/quota_usage.h"

namespace stint::resource_quota {
namespace {

using core::Amounts;

Amounts use_of(const corev1::ResourceQuota& quota, const Content& content, const std::set<std::string>& names, WallTime now) {
  Amounts use;
  for (const std::string& name : names) use[name] = "0";
  for (const Object& object : content.objects) {
    if (!core::is_in_scope(quota.spec(), *object)) continue;
    Amounts own = core::usage_of(*content.kind, *object, now);
    std::erase_if(own, [&](const auto& entry) { return !names.contains(entry.first); });
    core::add(use, own);
  }
  return use;
}

}  // namespace

corev1::ResourceQuotaStatus status_of(const corev1::ResourceQuota& quota, std::span<const Content> contents, WallTime now) {
  const ResourceList& hard = quota.spec().hard();
  Amounts used;
  // What nobody here can count keeps the number that somebody gave it.
  for (const auto& [name, amount] : core::amounts_of(quota.status().used())) {
    if (hard.contains(name)) used[name] = amount;
  }
  for (const Content& content : contents) {
    const std::set<std::string> names = core::counted_names(*content.kind, hard);
    for (auto& [name, amount] : use_of(quota, content, names, now)) used[name] = amount;
  }
  corev1::ResourceQuotaStatus status;
  *status.mutable_hard() = hard;
  *status.mutable_used() = core::as_list(used);
  return status;
}

bool is_current(const corev1::ResourceQuota& quota) {
  const corev1::ResourceQuotaStatus& status = quota.status();
  return core::same_amounts(quota.spec().hard(), status.hard()) &&
         std::ranges::all_of(status.hard(), [&](const auto& entry) { return status.used().contains(entry.first); });
}

bool is_same(const corev1::ResourceQuotaStatus& a, const corev1::ResourceQuotaStatus& b) {
  return core::same_amounts(a.hard(), b.hard()) && core::same_amounts(a.used(), b.used());
}

bool changes_use(const Kind& kind, const Message& old, const Message& next, WallTime now) {
  if (core::usage_of(kind, old, now) != core::usage_of(kind, next, now)) return true;
  const auto* was = dynamic_cast<const corev1::Pod*>(&old);
  return was != nullptr &&
         was->spec().has_activedeadlineseconds() != static_cast<const corev1::Pod&>(next).spec().has_activedeadlineseconds();
}

}  // namespace stint::resource_quota
