#include "node/cgroup_limits.h"

#include <algorithm>

#include "api/pod_resources.h"

namespace stint {
namespace {

constexpr int64_t kSharesMin = 2, kSharesMax = 262144;
constexpr int64_t kPeriodUs = 100'000, kQuotaMinUs = 1'000;

constexpr int64_t kMilliCpuMax = 1'000'000'000;  // a million processors

int64_t shares(int64_t milli_cpu) { return std::clamp(std::min(milli_cpu, kMilliCpuMax) * 1024 / 1000, kSharesMin, kSharesMax); }
int64_t quota(int64_t milli_cpu) {
  return milli_cpu == 0 ? 0 : std::max(std::min(milli_cpu, kMilliCpuMax) * kPeriodUs / 1000, kQuotaMinUs);
}

int64_t amount(const ResourceAmounts& amounts, std::string_view name) {
  auto found = amounts.find(name);
  return found == amounts.end() ? 0 : found->second;
}

// The sum of the containers' limits, or 0 when one of them has none; the pod's own limit wins.
int64_t limit_of_all(const corev1::PodSpec& spec, std::string_view name) {
  if (int64_t own = amount(resource_amounts(spec.resources().limits()), name); own > 0) return own;
  int64_t sum = 0, sidecars = 0, init_peak = 0;
  for (const auto& container : spec.containers()) {
    const int64_t limit = amount(resource_amounts(container.resources().limits()), name);
    if (limit == 0) return 0;
    sum = sum_of_amounts(sum, limit);
  }
  for (const auto& container : spec.initcontainers()) {
    const int64_t limit = amount(resource_amounts(container.resources().limits()), name);
    if (limit == 0) return 0;
    init_peak = std::max(init_peak, sum_of_amounts(sidecars, limit));
    if (container.restartpolicy() == "Always") sidecars = sum_of_amounts(sidecars, limit);
  }
  return std::max(sum_of_amounts(sum, sidecars), init_peak);
}

}  // namespace

CgroupLimits container_limits(const corev1::Container& container) {
  const ResourceAmounts requests = resource_amounts(container.resources().requests());
  const ResourceAmounts limits = resource_amounts(container.resources().limits());
  // A limit without a request stands for both.
  const int64_t cpu_request = requests.contains("cpu") ? amount(requests, "cpu") : amount(limits, "cpu");
  return {.cpu_shares = shares(cpu_request), .cpu_quota_us = quota(amount(limits, "cpu")), .memory_bytes_max = amount(limits, "memory")};
}

CgroupLimits pod_limits(const corev1::PodSpec& spec) {
  return {.cpu_shares = shares(amount(pod_requests(spec), "cpu")),
          .cpu_quota_us = quota(limit_of_all(spec, "cpu")),
          .memory_bytes_max = limit_of_all(spec, "memory")};
}

std::string pod_cgroup(const corev1::Pod& pod) {
  const std::string& qos = pod.status().qosclass();
  std::string leaf = "pod" + pod.metadata().uid();
  if (qos == "Guaranteed") return leaf;
  return (qos == "Burstable" ? "burstable/" : "besteffort/") + leaf;
}

int oom_score_adj(const corev1::Pod& pod, const corev1::Container& container, int64_t memory_capacity_bytes) {
  constexpr int kGuaranteed = -997, kBestEffort = 1000;
  const std::string& qos = pod.status().qosclass();
  if (qos == "Guaranteed") return kGuaranteed;
  if (qos != "Burstable" || memory_capacity_bytes <= 0) return kBestEffort;
  const int64_t request = amount(resource_amounts(container.resources().requests()), "memory");
  const int64_t score = 1000 - static_cast<int64_t>(1000.0 * static_cast<double>(request) / static_cast<double>(memory_capacity_bytes));
  return static_cast<int>(std::clamp<int64_t>(score, 1000 + kGuaranteed, kBestEffort - 1));
}

}  // namespace stint
