#include "os/cgroup.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <set>

#include "base/crash_point.h"
#include "os/descriptor.h"
#include "os/file.h"

namespace stint::os {
namespace {

constexpr size_t kControlFileBytesMax = 1 << 20;
constexpr std::string_view kDelegated[] = {"cpu", "memory", "pids", "cpuset", "io"};

bool is_mount_of(const std::string& path, long magic) {
  struct statfs info{};
  return statfs(path.c_str(), &info) == 0 && info.f_type == magic;
}

Result<void> write_control(const std::string& path, const std::string& value) {
  TRY(Descriptor file, open_path(path, O_WRONLY));
  if (auto written = write_all(file.get(), value); !written) {
    return fail(Reason::kInternalError, "write " + value + " to " + path + ": " + written.error().message);
  }
  crash_point("set", path);
  return {};
}

// The number after `key ` in a file of "key number" lines; 0 if absent.
int64_t counter(std::string_view text, std::string_view key) {
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ') {
      int64_t value = 0;
      std::from_chars(line.data() + key.size() + 1, line.data() + line.size(), value);
      return value;
    }
    at = end + 1;
  }
  return 0;
}

// The number that a file consists of.
int64_t number(std::string_view text) {
  int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Result<void> collect_processes(const std::string& directory, std::set<int>& pids) {
  auto text = read_file(directory + "/cgroup.procs", kControlFileBytesMax);
  if (!text) {
    if (text.error().reason == Reason::kNotFound) return {};
    return std::unexpected(text.error());
  }
  for (size_t at = 0; at < text->size();) {
    const size_t end = std::min(text->find('\n', at), text->size());
    int pid = 0;
    if (std::from_chars(text->data() + at, text->data() + end, pid).ec == std::errc() && pid > 0) pids.insert(pid);
    at = end + 1;
  }
  TRY(const auto names, list_directory(directory));
  for (const std::string& name : names) {
    struct stat info{};
    if (stat((directory + "/" + name).c_str(), &info) == 0 && S_ISDIR(info.st_mode))
      TRY_VOID(collect_processes(directory + "/" + name, pids));
  }
  return {};
}

Result<void> remove_groups(const std::string& directory) {
  TRY(const auto names, list_directory(directory));
  for (const std::string& name : names) {
    struct stat info{};
    if (lstat((directory + "/" + name).c_str(), &info) == 0 && S_ISDIR(info.st_mode)) TRY_VOID(remove_groups(directory + "/" + name));
  }
  if (rmdir(directory.c_str()) == 0) {
    crash_point("removed", directory);
    return {};
  }
  if (errno == ENOENT) return {};
  if (errno == EBUSY) return fail(Reason::kConflict, directory + " still has processes");
  return fail(errno_error("remove " + directory, errno));
}

}  // namespace

int64_t cpu_weight_of_shares(int64_t shares) {
  if (shares <= 0) return 0;
  return 1 + ((std::clamp<int64_t>(shares, 2, 262144) - 2) * 9999) / 262142;
}

Result<CgroupTree> CgroupTree::detect(const std::string& root) {
  CgroupTree tree;
  tree.root_ = root;
  if (is_mount_of(root, CGROUP2_SUPER_MAGIC)) return tree;
  tree.version_ = CgroupVersion::kV1;
  TRY(const auto names, list_directory(root));
  for (const std::string& name : names) {
    const std::string path = root + "/" + name;
    struct stat info{};
    if (lstat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) continue;  // "cpu" may be a link to "cpu,cpuacct"
    if (is_mount_of(path, CGROUP2_SUPER_MAGIC)) {
      tree.hybrid_mount_ = path;
    } else if (is_mount_of(path, CGROUP_SUPER_MAGIC)) {
      for (size_t at = 0; at <= name.size();) {
        const size_t end = std::min(name.find(',', at), name.size());
        tree.hierarchies_[name.substr(at, end - at)] = path;
        at = end + 1;
      }
    }
  }
  for (const char* needed : {"cpu", "memory", "pids", "devices", "freezer"}) {
    if (!tree.hierarchies_.contains(needed)) {
      return fail(Reason::kNotFound, "no control groups: " + root + " is no cgroup v2 mount and has no v1 hierarchy \"" + needed + "\"");
    }
  }
  return tree;
}

std::string CgroupTree::directory(std::string_view controller, const std::string& group) const {
  if (version_ == CgroupVersion::kV2) return root_ + "/" + group;
  const auto found = hierarchies_.find(controller);
  return found == hierarchies_.end() ? "" : found->second + "/" + group;
}

Result<void> CgroupTree::delegate(const std::string& directory) const {
  TRY(const std::string available, read_file(directory + "/cgroup.controllers", kControlFileBytesMax));
  std::string request;
  for (const std::string_view controller : kDelegated) {
    if ((" " + available.substr(0, available.find('\n')) + " ").find(" " + std::string(controller) + " ") != std::string::npos) {
      request += (request.empty() ? "+" : " +") + std::string(controller);
    }
  }
  if (request.empty()) return {};
  return write_control(directory + "/cgroup.subtree_control", request);
}

Result<void> CgroupTree::create(const std::string& group) const {
  if (version_ == CgroupVersion::kV1) {
    for (const char* controller : {"cpu", "memory", "pids"}) TRY_VOID(make_directories(directory(controller, group)));
    return {};
  }
  std::string parent = root_;
  for (size_t at = 0; at < group.size();) {
    const size_t end = std::min(group.find('/', at), group.size());
    TRY_VOID(delegate(parent));
    parent += "/" + group.substr(at, end - at);
    TRY_VOID(make_directories(parent));
    at = end + 1;
  }
  return delegate(parent);  // a pod's group has only groups in it, no processes of its own
}

Result<std::vector<std::string>> CgroupTree::create_leaf(const std::string& group) const {
  std::set<std::string> directories;  // controllers may share a hierarchy
  for (const char* controller : {"cpu", "memory", "pids"}) directories.insert(directory(controller, group));
  std::vector<std::string> files;
  for (const std::string& path : directories) {
    TRY_VOID(make_directories(path));
    files.push_back(path + "/cgroup.procs");
  }
  return files;
}

Result<void> CgroupTree::write_limit(std::string_view controller, const std::string& group, const std::string& file,
                                     const std::string& value) const {
  return write_control(directory(controller, group) + "/" + file, value);
}

Result<void> CgroupTree::set_limits(const std::string& group, const CgroupResources& r) const {
  const bool v2 = version_ == CgroupVersion::kV2;
  const std::string period = std::to_string(kCpuPeriodUs);
  if (r.cpu_shares > 0) {
    const int64_t value = v2 ? cpu_weight_of_shares(r.cpu_shares) : r.cpu_shares;
    TRY_VOID(write_limit("cpu", group, v2 ? "cpu.weight" : "cpu.shares", std::to_string(value)));
  }
  if (r.cpu_quota_us > 0 && v2) TRY_VOID(write_limit("cpu", group, "cpu.max", std::to_string(r.cpu_quota_us) + " " + period));
  if (r.cpu_quota_us > 0 && !v2) {
    TRY_VOID(write_limit("cpu", group, "cpu.cfs_period_us", period));
    TRY_VOID(write_limit("cpu", group, "cpu.cfs_quota_us", std::to_string(r.cpu_quota_us)));
  }
  if (r.memory_bytes_max > 0) {
    TRY_VOID(write_limit("memory", group, v2 ? "memory.max" : "memory.limit_in_bytes", std::to_string(r.memory_bytes_max)));
  }
  if (r.pids_max > 0) TRY_VOID(write_limit("pids", group, "pids.max", std::to_string(r.pids_max)));
  return {};
}

CgroupResources CgroupTree::limits(const std::string& group) const {
  constexpr int64_t kUnlimited = int64_t{1} << 60;  // v1 says so by a number as large as it has
  const bool v2 = version_ == CgroupVersion::kV2;
  const auto read = [](const std::string& path) { return read_file(path, kControlFileBytesMax).value_or(""); };
  CgroupResources limits;
  const int64_t memory = number(read(directory("memory", group) + (v2 ? "/memory.max" : "/memory.limit_in_bytes")));  // "max" is 0
  if (memory < kUnlimited) limits.memory_bytes_max = memory;
  const std::string cpu = read(directory("cpu", group) + (v2 ? "/cpu.max" : "/cpu.cfs_quota_us"));
  const std::string period =
      v2 ? cpu.substr(std::min(cpu.find(' ') + 1, cpu.size())) : read(directory("cpu", group) + "/cpu.cfs_period_us");
  if (number(cpu) > 0 && number(period) > 0) limits.cpu_quota_us = number(cpu) * kCpuPeriodUs / number(period);
  return limits;
}

Result<void> CgroupTree::remove(const std::string& group) const {
  TRY(const std::vector<int> left, processes(group));
  for (const int pid : left) kill(pid, SIGKILL);
  if (version_ == CgroupVersion::kV2) return remove_groups(root_ + "/" + group);
  for (const auto& [controller, mount_point] : hierarchies_) TRY_VOID(remove_groups(mount_point + "/" + group));
  // Some runtimes make the group there too.
  return hybrid_mount_.empty() ? Result<void>() : remove_groups(hybrid_mount_ + "/" + group);
}

Result<int64_t> CgroupTree::oom_kills(const std::string& group) const {
  const bool v2 = version_ == CgroupVersion::kV2;
  TRY(const std::string text,
      read_file(directory("memory", group) + (v2 ? "/memory.events" : "/memory.oom_control"), kControlFileBytesMax));
  return counter(text, "oom_kill");
}

Result<Usage> CgroupTree::usage(const std::string& group) const {
  const auto read = [this, &group](std::string_view controller, const char* file) {
    return read_file(directory(controller, group) + "/" + file, kControlFileBytesMax);
  };
  const bool v2 = version_ == CgroupVersion::kV2;
  TRY(const std::string cpu, v2 ? read("cpu", "cpu.stat") : read("cpuacct", "cpuacct.usage"));
  TRY(const std::string held, read("memory", v2 ? "memory.current" : "memory.usage_in_bytes"));
  TRY(const std::string parts, read("memory", "memory.stat"));
  Usage usage;
  usage.cpu_time = v2 ? Duration(std::chrono::microseconds(counter(cpu, "usage_usec"))) : Duration(number(cpu));
  usage.held_bytes = number(held);
  usage.memory_bytes = std::max<int64_t>(0, usage.held_bytes - counter(parts, v2 ? "inactive_file" : "total_inactive_file"));
  usage.rss_bytes = counter(parts, v2 ? "anon" : "total_rss");
  usage.cache_bytes = counter(parts, v2 ? "file" : "total_cache");
  usage.page_faults = counter(parts, v2 ? "pgfault" : "total_pgfault");
  usage.major_page_faults = counter(parts, v2 ? "pgmajfault" : "total_pgmajfault");
  // What is missing here is not counted by this kernel.
  usage.swap_bytes = v2 ? number(read("memory", "memory.swap.current").value_or("")) : counter(parts, "total_swap");
  usage.processes = number(read("pids", "pids.current").value_or(""));
  usage.oom_kills = oom_kills(group).value_or(0);
  const std::string quota = v2 ? cpu : read("cpu", "cpu.stat").value_or("");
  usage.periods = counter(quota, "nr_periods");
  usage.throttled_periods = counter(quota, "nr_throttled");
  if (v2) {
    usage.user_time = std::chrono::microseconds(counter(cpu, "user_usec"));
    usage.system_time = std::chrono::microseconds(counter(cpu, "system_usec"));
    usage.throttled_time = std::chrono::microseconds(counter(cpu, "throttled_usec"));
  } else {
    constexpr Duration kTick = std::chrono::milliseconds(10);  // of user space
    const std::string ticks = read("cpuacct", "cpuacct.stat").value_or("");
    usage.user_time = counter(ticks, "user") * kTick;
    usage.system_time = counter(ticks, "system") * kTick;
    usage.throttled_time = Duration(counter(quota, "throttled_time"));
  }
  return usage;
}

Result<std::vector<int>> CgroupTree::processes(const std::string& group) const {
  std::set<int> pids;
  TRY_VOID(collect_processes(directory("memory", group), pids));
  return std::vector<int>(pids.begin(), pids.end());
}

Result<std::vector<std::string>> CgroupTree::children(const std::string& group) const {
  const std::string path = directory("memory", group);
  TRY(const auto names, list_directory(path));
  std::vector<std::string> groups;
  for (const std::string& name : names) {
    struct stat info{};
    if (lstat((path + "/" + name).c_str(), &info) == 0 && S_ISDIR(info.st_mode)) groups.push_back(name);
  }
  return groups;
}

}  // namespace stint::os
