#include "api/pod_resources.h"

#include <algorithm>
#include <limits>

#include "api/quantity.h"

namespace stint {
namespace {

void raise(ResourceAmounts& total, const ResourceAmounts& other) {
  for (const auto& [name, amount] : other) total[name] = std::max(total[name], amount);
}

}  // namespace

int64_t sum_of_amounts(int64_t a, int64_t b) {
  int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<int64_t>::max() : sum;
}

void add_amounts(ResourceAmounts& total, const ResourceAmounts& more) {
  for (const auto& [name, amount] : more) total[name] = sum_of_amounts(total[name], amount);
}

ResourceAmounts resource_amounts(const ResourceList& list) {
  ResourceAmounts amounts;
  for (const auto& [name, quantity] : list) {
    amounts[name] = (name == "cpu" ? quantity_milli_value(quantity) : quantity_value(quantity)).value_or(0);
  }
  return amounts;
}

ResourceAmounts pod_requests(const corev1::PodSpec& spec) {
  ResourceAmounts total, sidecars, init_peak;
  for (const auto& container : spec.containers()) add_amounts(total, resource_amounts(container.resources().requests()));
  for (const auto& container : spec.initcontainers()) {
    ResourceAmounts step = resource_amounts(container.resources().requests());
    if (container.restartpolicy() == "Always") {
      add_amounts(sidecars, step);
      raise(init_peak, sidecars);
    } else {
      add_amounts(step, sidecars);
      raise(init_peak, step);
    }
  }
  add_amounts(total, sidecars);
  raise(total, init_peak);
  for (const auto& [name, amount] : resource_amounts(spec.resources().requests())) total[name] = amount;
  add_amounts(total, resource_amounts(spec.overhead()));
  return total;
}

}  // namespace stint
