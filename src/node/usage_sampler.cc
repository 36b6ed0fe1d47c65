#include "node/usage_sampler.h"

#include <algorithm>

#include "base/log.h"
#include "os/usage.h"

namespace stint {
namespace {

constexpr Duration kInterval = std::chrono::seconds(15);

}  // namespace

Task<void> UsageSampler::run() {
  while (true) {
    co_await sample_machine();
    co_await sample_containers();
    co_await sleep_for(loop_, kInterval);
  }
}

Task<void> UsageSampler::sample_machine() {
  const auto used = co_await on_pool(loop_, [] { return os::machine_usage(); });
  if (!used) {
    log_debug("usage of the machine is not known", "error", used.error().message);
    co_return;
  }
  const Reading reading{.at = loop_.now(), .cpu_time = used->cpu_time, .memory_bytes = used->memory_bytes};
  machine_ = Sampled{.before = machine_ ? machine_->last : reading, .last = reading};
}

Task<void> UsageSampler::sample_containers() {
  std::map<std::string, Sampled> sampled;
  for (const ContainerStatus& status : runtime_.list_containers()) {
    if (status.state != ContainerState::kRunning) continue;
    const auto used = co_await runtime_.usage(status.id);
    if (!used) continue;  // ended meanwhile
    Sampled& entry = sampled[status.id];
    entry = {.sandbox_id = status.sandbox_id, .name = status.name};
    entry.last = {.at = loop_.now(), .cpu_time = used->cpu_time, .memory_bytes = used->memory_bytes};
    // A container seen for the first time is measured from its start, when it had used nothing.
    const auto known = containers_.find(status.id);
    entry.before = known == containers_.end() ? Reading{.at = status.started_at} : known->second.last;
  }
  containers_ = std::move(sampled);
}

ResourceUsage UsageSampler::rate(const Sampled& sampled) {
  const double window = std::chrono::duration<double>(sampled.last.at - sampled.before.at).count();
  const double used = static_cast<double>((sampled.last.cpu_time - sampled.before.cpu_time).count());
  return {.cpu_nanocores = window > 0 ? static_cast<int64_t>(std::max(0.0, used / window)) : 0, .memory_bytes = sampled.last.memory_bytes};
}

std::optional<NodeUsage> UsageSampler::node_usage(const std::string& node) const {
  if (node != node_name_ || !machine_ || machine_->last.at <= machine_->before.at) return std::nullopt;
  return NodeUsage{.at = machine_->last.at, .window = machine_->last.at - machine_->before.at, .usage = rate(*machine_)};
}

std::optional<PodUsage> UsageSampler::pod_usage(const std::string& pod_uid) const {
  std::optional<PodUsage> usage;
  for (auto at = containers_.lower_bound(pod_uid); at != containers_.end() && at->first.starts_with(pod_uid); ++at) {
    const Sampled& sampled = at->second;
    if (sampled.sandbox_id != pod_uid || sampled.last.at <= sampled.before.at) continue;
    if (!usage) usage = PodUsage{.at = sampled.last.at, .window = sampled.last.at - sampled.before.at};
    usage->containers[sampled.name] = rate(sampled);
  }
  return usage;
}

}  // namespace stint
