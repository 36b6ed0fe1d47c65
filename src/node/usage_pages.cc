#include "node/usage_pages.h"

#include <fmt/format.h>

#include "api/json.h"
#include "api/object.h"
#include "os/cgroup.h"

namespace stint {
namespace {

using json::Array;
using json::Members;
using json::Value;

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }
double since_epoch(WallTime time) { return seconds(time.time_since_epoch()); }
double number(int64_t value) { return static_cast<double>(value); }

std::string label(std::string_view name, std::string_view value) {
  std::string text = std::string(name) + "=\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') text += '\\';
    if (c == '\n') text += "\\n";
    if (c != '\n') text += c;
  }
  return text + '"';
}

// Families of one page in the text format of Prometheus. There are as many series as there are containers, and all are shown.
class Page {
 public:
  void counter(const std::string& name, const char* help, const std::string& labels, double value) {
    add(name, "counter", help, labels, value);
  }
  void gauge(const std::string& name, const char* help, const std::string& labels, double value) {
    add(name, "gauge", help, labels, value);
  }
  std::string text() const {
    std::string out;
    for (const auto& [name, family] : families_) out += family;
    return out;
  }

 private:
  void add(const std::string& name, const char* type, const char* help, const std::string& labels, double value) {
    std::string& family = families_[name];
    if (family.empty()) family = fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
    family += labels.empty() ? fmt::format("{} {}\n", name, value) : fmt::format("{}{{{}}} {}\n", name, labels, value);
  }

  std::map<std::string, std::string> families_;
};

os::Usage sum_of(const PodReading& pod) {
  os::Usage sum;
  for (const ContainerReading& container : pod.containers) {
    sum.cpu_time += container.used.cpu_time;
    sum.memory_bytes += container.used.memory_bytes;
    sum.held_bytes += container.used.held_bytes;
    sum.rss_bytes += container.used.rss_bytes;
    sum.swap_bytes += container.used.swap_bytes;
    sum.page_faults += container.used.page_faults;
    sum.major_page_faults += container.used.major_page_faults;
    sum.processes += container.used.processes;
  }
  return sum;
}

void add_cpu(Page& page, const std::string& labels, const ContainerReading& container) {
  const os::Usage& used = container.used;
  page.counter("container_cpu_user_seconds_total", "Processor time in user mode.", labels, seconds(used.user_time));
  page.counter("container_cpu_system_seconds_total", "Processor time in the kernel.", labels, seconds(used.system_time));
  page.counter("container_cpu_cfs_periods_total", "Periods of the quota that have passed.", labels, number(used.periods));
  page.counter("container_cpu_cfs_throttled_periods_total", "Periods in which the quota was used up.", labels,
               number(used.throttled_periods));
  page.counter("container_cpu_cfs_throttled_seconds_total", "Time spent waiting for the next period.", labels,
               seconds(used.throttled_time));
  page.gauge("container_spec_cpu_shares", "Weight of the processor.", labels, number(container.limits.cpu_shares));
  if (container.limits.cpu_quota_us == 0) return;
  page.gauge("container_spec_cpu_quota", "Processor time of a period, in microseconds.", labels, number(container.limits.cpu_quota_us));
  page.gauge("container_spec_cpu_period", "Length of a period, in microseconds.", labels, number(os::kCpuPeriodUs));
}

void add_memory(Page& page, const std::string& labels, const ContainerReading& container) {
  const os::Usage& used = container.used;
  page.gauge("container_memory_usage_bytes", "Memory held, caches included.", labels, number(used.held_bytes));
  page.gauge("container_memory_working_set_bytes", "Memory that cannot be taken back at once.", labels, number(used.memory_bytes));
  page.gauge("container_memory_rss", "Anonymous memory in bytes.", labels, number(used.rss_bytes));
  page.gauge("container_memory_cache", "Page cache in bytes.", labels, number(used.cache_bytes));
  page.gauge("container_memory_swap", "Swap in bytes.", labels, number(used.swap_bytes));
  page.gauge("container_spec_memory_limit_bytes", "Limit of memory, 0 without one.", labels, number(container.limits.memory_bytes_max));
  page.counter("container_oom_events_total", "Processes killed for want of memory.", labels, number(used.oom_kills));
}

std::string time_text(WallTime time) { return format_rfc3339(time); }

Value cpu_of(WallTime at, Duration used, const ResourceUsage* rate) {
  Members cpu{{"time", time_text(at)}};
  if (rate != nullptr) cpu.emplace_back("usageNanoCores", rate->cpu_nanocores);
  cpu.emplace_back("usageCoreNanoSeconds", static_cast<int64_t>(used.count()));
  return cpu;
}

Value memory_of(WallTime at, const os::Usage& used, int64_t limit) {
  Members memory{{"time", time_text(at)}};
  if (limit > 0) memory.emplace_back("availableBytes", std::max<int64_t>(0, limit - used.memory_bytes));
  memory.emplace_back("usageBytes", used.held_bytes);
  memory.emplace_back("workingSetBytes", used.memory_bytes);
  memory.emplace_back("rssBytes", used.rss_bytes);
  memory.emplace_back("pageFaults", used.page_faults);
  memory.emplace_back("majorPageFaults", used.major_page_faults);
  return memory;
}

// Of a file system as a whole; `use`: what of it is meant, else all that is not free.
Value files_of(const NodeReading& node, std::string_view bytes_signal, std::string_view inodes_signal, const DiskUse* use) {
  Members files{{"time", time_text(node.at)}};
  if (const auto bytes = node.left.find(bytes_signal); bytes != node.left.end()) {
    files.emplace_back("availableBytes", bytes->second.available);
    files.emplace_back("capacityBytes", bytes->second.capacity);
    if (use == nullptr) files.emplace_back("usedBytes", bytes->second.capacity - bytes->second.available);
  }
  if (const auto inodes = node.left.find(inodes_signal); inodes != node.left.end()) {
    files.emplace_back("inodesFree", inodes->second.available);
    files.emplace_back("inodes", inodes->second.capacity);
    if (use == nullptr) files.emplace_back("inodesUsed", inodes->second.capacity - inodes->second.available);
  }
  if (use != nullptr) {
    files.emplace_back("usedBytes", use->bytes);
    files.emplace_back("inodesUsed", use->inodes);
  }
  return files;
}

Value own_files(const NodeReading& node, const DiskUse& use) {
  return files_of(node, signal::kNodefsAvailable, signal::kNodefsInodesFree, &use);
}

Value container_summary(const NodeReading& node, const PodReading& pod, const ContainerReading& container) {
  const ResourceUsage* rate = nullptr;
  if (pod.rates)
    if (const auto found = pod.rates->containers.find(container.name); found != pod.rates->containers.end()) rate = &found->second;
  Members summary{{"name", container.name},
                  {"startTime", time_text(container.started_at)},
                  {"cpu", cpu_of(container.at, container.used.cpu_time, rate)},
                  {"memory", memory_of(container.at, container.used, container.limits.memory_bytes_max)}};
  if (const auto layer = pod.storage.layers.find(container.name); layer != pod.storage.layers.end())
    summary.emplace_back("rootfs", own_files(node, layer->second));
  if (const auto logs = pod.storage.logs.find(container.name); logs != pod.storage.logs.end())
    summary.emplace_back("logs", own_files(node, logs->second));
  return summary;
}

Value pod_summary(const NodeReading& node, const PodReading& pod) {
  const os::Usage sum = sum_of(pod);
  ResourceUsage rate;
  if (pod.rates)
    for (const auto& [name, each] : pod.rates->containers) rate.cpu_nanocores += each.cpu_nanocores;
  Array containers, volumes;
  for (const ContainerReading& container : pod.containers) containers.push_back(container_summary(node, pod, container));
  Members summary{{"podRef", Members{{"name", pod.name}, {"namespace", pod.ns}, {"uid", pod.uid}}},
                  {"startTime", time_text(pod.started_at)},
                  {"containers", std::move(containers)},
                  {"cpu", cpu_of(node.at, sum.cpu_time, pod.rates ? &rate : nullptr)},
                  {"memory", memory_of(node.at, sum, 0)}};
  for (const auto& [name, use] : pod.storage.volumes) {
    Value volume = own_files(node, use);
    Members members = volume.as_object();
    members.emplace_back("name", name);
    volumes.push_back(std::move(members));
  }
  if (!volumes.empty()) summary.emplace_back("volume", std::move(volumes));
  summary.emplace_back("ephemeral-storage", own_files(node, pod.storage.total));
  summary.emplace_back("process_stats", Members{{"process_count", sum.processes}});
  return summary;
}

}  // namespace

std::string resource_metrics(const NodeReading& node) {
  Page page;
  page.counter("node_cpu_usage_seconds_total", "Processor time of the machine.", "", seconds(node.used.cpu_time));
  page.gauge("node_memory_working_set_bytes", "Memory of the machine that cannot be taken back at once.", "",
             number(node.used.memory_bytes));
  page.gauge("resource_scrape_error", "1 if something could not be measured.", "", 0);
  for (const PodReading& pod : node.pods) {
    const std::string of_pod = label("namespace", pod.ns) + "," + label("pod", pod.name);
    const os::Usage sum = sum_of(pod);
    page.counter("pod_cpu_usage_seconds_total", "Processor time of the pod.", of_pod, seconds(sum.cpu_time));
    page.gauge("pod_memory_working_set_bytes", "Memory of the pod that cannot be taken back at once.", of_pod, number(sum.memory_bytes));
    page.gauge("pod_swap_usage_bytes", "Swap of the pod.", of_pod, number(sum.swap_bytes));
    for (const ContainerReading& container : pod.containers) {
      const std::string labels = label("container", container.name) + "," + of_pod;
      page.counter("container_cpu_usage_seconds_total", "Processor time of the container.", labels, seconds(container.used.cpu_time));
      page.gauge("container_memory_working_set_bytes", "Memory of the container that cannot be taken back at once.", labels,
                 number(container.used.memory_bytes));
      page.gauge("container_swap_usage_bytes", "Swap of the container.", labels, number(container.used.swap_bytes));
      page.gauge("container_start_time_seconds", "When the container started, in Unix time.", labels, since_epoch(container.started_at));
    }
  }
  return page.text();
}

std::string container_metrics(const NodeReading& node) {
  Page page;
  page.gauge("machine_cpu_cores", "Processors of the machine.", "", number(node.processors));
  if (const auto memory = node.left.find(signal::kMemoryAvailable); memory != node.left.end())
    page.gauge("machine_memory_bytes", "Memory of the machine.", "", number(memory->second.capacity));
  for (const PodReading& pod : node.pods) {
    for (const ContainerReading& container : pod.containers) {
      const std::string first = label("container", container.name) + ",";
      const std::string rest = label("id", "/kubepods/pod" + pod.uid + "/" + container.id) + "," + label("image", container.image) + "," +
                               label("name", container.id) + "," + label("namespace", pod.ns) + "," + label("pod", pod.name);
      const std::string labels = first + rest;
      page.counter("container_cpu_usage_seconds_total", "Processor time.", first + label("cpu", "total") + "," + rest,
                   seconds(container.used.cpu_time));
      add_cpu(page, labels, container);
      add_memory(page, labels, container);
      page.gauge("container_threads", "Threads.", labels, number(container.used.processes));
      page.gauge("container_start_time_seconds", "When it started, in Unix time.", labels, since_epoch(container.started_at));
      page.gauge("container_last_seen", "When it was looked at, in Unix time.", labels, since_epoch(container.at));
    }
  }
  return page.text();
}

std::string stats_summary(const NodeReading& node) {
  Array pods;
  for (const PodReading& pod : node.pods) pods.push_back(pod_summary(node, pod));
  const auto memory = node.left.find(signal::kMemoryAvailable);
  Members own{{"nodeName", node.node},
              {"cpu", cpu_of(node.at, node.used.cpu_time, node.rates ? &node.rates->usage : nullptr)},
              {"memory", memory_of(node.at, node.used, memory == node.left.end() ? 0 : memory->second.capacity)},
              {"fs", files_of(node, signal::kNodefsAvailable, signal::kNodefsInodesFree, nullptr)}};
  if (node.left.contains(signal::kImagefsAvailable))
    own.emplace_back("runtime", Members{{"imageFs", files_of(node, signal::kImagefsAvailable, signal::kImagefsInodesFree, nullptr)}});
  if (const auto pids = node.left.find(signal::kPidAvailable); pids != node.left.end()) {
    own.emplace_back("rlimit", Members{{"time", time_text(node.at)},
                                       {"maxpid", pids->second.capacity},
                                       {"curproc", pids->second.capacity - pids->second.available}});
  }
  return json::to_text(Members{{"node", std::move(own)}, {"pods", std::move(pods)}});
}

}  // namespace stint
