#include "api/core/amounts.h"

#include <algorithm>

#include "api/core/pod_spec.h"
#include "api/core/resource_names.h"
#include "api/quantity.h"

namespace stint::core {
namespace {

void raise(Amounts& total, const Amounts& other) {
  for (const auto& [name, amount] : other) {
    auto [at, is_new] = total.emplace(name, amount);
    if (!is_new && compare_quantities(amount, at->second) > 0) at->second = amount;
  }
}

}  // namespace

Amounts amounts_of(const ResourceList& list) {
  Amounts amounts;
  for (const auto& [name, quantity] : list) amounts[name] = quantity.string().empty() ? "0" : quantity.string();
  return amounts;
}

void add(Amounts& total, const Amounts& more) {
  for (const auto& [name, amount] : more) {
    auto [at, is_new] = total.emplace(name, amount);
    if (!is_new) at->second = add_quantities(at->second, amount);
  }
}

ResourceList as_list(const Amounts& amounts) {
  ResourceList list;
  for (const auto& [name, amount] : amounts) list[name].set_string(amount);
  return list;
}

bool same_amounts(const ResourceList& a, const ResourceList& b) {
  if (a.size() != b.size()) return false;
  return std::ranges::all_of(a, [&](const auto& entry) {
    const auto other = b.find(entry.first);
    return other != b.end() && compare_quantities(entry.second.string(), other->second.string()) == 0;
  });
}

const ResourceList& list_of(const corev1::ResourceRequirements& resources, Asked asked) {
  return asked == Asked::kRequests ? resources.requests() : resources.limits();
}

Amounts pod_amounts(const corev1::PodSpec& spec, Asked asked) {
  Amounts total, sidecars, steps;
  for (const corev1::Container& container : spec.containers()) add(total, amounts_of(list_of(container.resources(), asked)));
  for (const corev1::Container& container : spec.initcontainers()) {
    Amounts step = amounts_of(list_of(container.resources(), asked));
    if (is_sidecar(container)) {
      add(total, step);
      add(sidecars, step);
      raise(steps, sidecars);
    } else {
      add(step, sidecars);
      raise(steps, step);
    }
  }
  raise(total, steps);
  for (const auto& [name, amount] : amounts_of(list_of(spec.resources(), asked))) {
    if (name == "cpu" || name == "memory" || is_huge_pages(name)) total[name] = amount;
  }
  return total;
}

void add_overhead(const corev1::PodSpec& spec, Asked asked, Amounts& amounts) {
  for (const auto& [name, amount] : amounts_of(spec.overhead())) {
    const auto found = amounts.find(name);
    const bool unlimited = found == amounts.end() || compare_quantities(found->second, "0") == 0;
    if (asked == Asked::kRequests || !unlimited) add(amounts, {{name, amount}});
  }
}

}  // namespace stint::core
