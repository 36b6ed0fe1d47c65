#include "runtime/crun/oci_config.h"

#include <sys/prctl.h>

#include <algorithm>

#include "api/json.h"
#include "runtime/crun/seccomp.h"

namespace stint::crun {
namespace {

using json::Array;
using json::Members;
using json::Value;

constexpr std::string_view kDefaultCapabilities[] = {
    "CHOWN",  "DAC_OVERRIDE", "FSETID",  "FOWNER",           "MKNOD",      "NET_RAW", "SETGID",
    "SETUID", "SETFCAP",      "SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "KILL",    "AUDIT_WRITE"};
// By their numbers in linux/capability.h.
constexpr std::string_view kAllCapabilities[] = {"CHOWN",
                                                 "DAC_OVERRIDE",
                                                 "DAC_READ_SEARCH",
                                                 "FOWNER",
                                                 "FSETID",
                                                 "KILL",
                                                 "SETGID",
                                                 "SETUID",
                                                 "SETPCAP",
                                                 "LINUX_IMMUTABLE",
                                                 "NET_BIND_SERVICE",
                                                 "NET_BROADCAST",
                                                 "NET_ADMIN",
                                                 "NET_RAW",
                                                 "IPC_LOCK",
                                                 "IPC_OWNER",
                                                 "SYS_MODULE",
                                                 "SYS_RAWIO",
                                                 "SYS_CHROOT",
                                                 "SYS_PTRACE",
                                                 "SYS_PACCT",
                                                 "SYS_ADMIN",
                                                 "SYS_BOOT",
                                                 "SYS_NICE",
                                                 "SYS_RESOURCE",
                                                 "SYS_TIME",
                                                 "SYS_TTY_CONFIG",
                                                 "MKNOD",
                                                 "LEASE",
                                                 "AUDIT_WRITE",
                                                 "AUDIT_CONTROL",
                                                 "SETFCAP",
                                                 "MAC_OVERRIDE",
                                                 "MAC_ADMIN",
                                                 "SYSLOG",
                                                 "WAKE_ALARM",
                                                 "BLOCK_SUSPEND",
                                                 "AUDIT_READ",
                                                 "PERFMON",
                                                 "BPF",
                                                 "CHECKPOINT_RESTORE"};
constexpr std::string_view kMaskedPaths[] = {
    "/proc/asound",      "/proc/acpi",        "/proc/kcore", "/proc/keys",    "/proc/latency_stats",          "/proc/timer_list",
    "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi",  "/sys/firmware", "/sys/devices/virtual/powercap"};
constexpr std::string_view kReadOnlyPaths[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};

Array strings(const auto& texts) {
  Array array;
  for (const auto& text : texts) array.emplace_back(std::string(text));
  return array;
}

// "NET_ADMIN" and "CAP_NET_ADMIN" are both in use.
Result<std::string_view> plain_capability(std::string_view name) {
  const std::string_view plain = name.starts_with("CAP_") ? name.substr(4) : name;
  if (plain != "ALL" && std::ranges::find(kAllCapabilities, plain) == std::end(kAllCapabilities)) {
    return fail(Reason::kInvalid, "unknown capability \"" + std::string(name) + "\"");
  }
  return plain;
}

// All that this machine lets us hand on: inside of a container or a stripped-down machine some are gone for good, and who asks for one
// of those does not start.
std::vector<std::string_view> held_capabilities() {
  std::vector<std::string_view> held;
  for (size_t number = 0; number < std::size(kAllCapabilities); ++number) {
    if (prctl(PR_CAPBSET_READ, number, 0, 0, 0) == 1) held.push_back(kAllCapabilities[number]);
  }
  return held;
}

Result<Array> capabilities_of(const ContainerConfig& container) {
  std::vector<std::string_view> kept(std::begin(kDefaultCapabilities), std::end(kDefaultCapabilities));
  auto keep_all = [&] { kept = held_capabilities(); };
  if (container.privileged) keep_all();
  // ALL first, so that single names add to it or take from it, whatever their order.
  if (std::ranges::count(container.add_capabilities, "ALL") > 0) keep_all();
  if (std::ranges::count(container.drop_capabilities, "ALL") > 0) kept.clear();
  for (const std::string& name : container.add_capabilities) {
    TRY(const std::string_view plain, plain_capability(name));
    if (plain != "ALL" && std::ranges::find(kept, plain) == kept.end()) kept.push_back(plain);
  }
  for (const std::string& name : container.drop_capabilities) {
    TRY(const std::string_view plain, plain_capability(name));
    if (!container.privileged) std::erase(kept, plain);
  }
  Array names;
  for (const std::string_view name : kept) names.emplace_back("CAP_" + std::string(name));
  return names;
}

Result<Value> process_of(const OciConfigInput& input) {
  const ContainerConfig& container = input.container;
  TRY(const Array capabilities, capabilities_of(container));
  Members user{{"uid", static_cast<int64_t>(input.user.uid)}, {"gid", static_cast<int64_t>(input.user.gid)}};
  Array groups;
  for (const uint32_t gid : input.user.additional_gids) groups.emplace_back(static_cast<int64_t>(gid));
  if (!groups.empty()) user.emplace_back("additionalGids", std::move(groups));
  Members process{{"terminal", container.tty},
                  {"user", std::move(user)},
                  {"args", strings(container.args)},
                  {"env", strings(container.env)},
                  {"cwd", container.working_dir.empty() ? "/" : container.working_dir},
                  {"capabilities", Members{{"bounding", capabilities}, {"effective", capabilities}, {"permitted", capabilities}}},
                  {"noNewPrivileges", container.no_new_privileges},
                  {"oomScoreAdj", std::max(container.oom_score_adj, input.oom_score_adj_min)}};
  return Value(std::move(process));
}

Value mount(std::string_view destination, std::string_view type, std::string_view source, Array options) {
  return Members{{"destination", destination}, {"type", type}, {"source", source}, {"options", std::move(options)}};
}

std::string_view propagation_option(MountPropagation propagation) {
  if (propagation == MountPropagation::kShared) return "rshared";
  return propagation == MountPropagation::kSlave ? "rslave" : "rprivate";
}

// The root's own must let through what its mounts are to see.
std::string_view root_propagation(const std::vector<Mount>& mounts) {
  MountPropagation widest = MountPropagation::kPrivate;
  for (const Mount& each : mounts) widest = std::max(widest, each.propagation);
  return widest == MountPropagation::kPrivate ? "" : propagation_option(widest);
}

Array mounts_of(const OciConfigInput& input) {
  const Value sys_access = input.container.privileged ? "rw" : "ro";
  Array mounts{
      mount("/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}),
      mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}),
      mount("/dev/pts", "devpts", "devpts", {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}),
      mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}),
      input.sandbox.host_ipc ? mount("/dev/shm", "bind", "/dev/shm", {"rbind", "nosuid", "noexec", "nodev", "rw"})
                             : mount("/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}),
      mount("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", sys_access}),
      mount("/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", sys_access}),
  };
  for (const Mount& bind : input.container.mounts) {
    const std::string_view access = !bind.read_only ? "rw" : bind.recursive_read_only ? "rro" : "ro";
    mounts.push_back(mount(bind.destination, "bind", bind.source, {"rbind", propagation_option(bind.propagation), access}));
  }
  return mounts;
}

Array namespaces_of(const OciConfigInput& input) {
  Array namespaces{Members{{"type", "mount"}}};
  if (!input.pid_path.empty()) {
    namespaces.push_back(Members{{"type", "pid"}, {"path", input.pid_path}});
  } else if (!input.sandbox.host_pid) {
    namespaces.push_back(Members{{"type", "pid"}});
  }
  // The host's name goes with the host's network.
  if (!input.sandbox.host_network) namespaces.push_back(Members{{"type", "uts"}});
  if (!input.network_path.empty()) namespaces.push_back(Members{{"type", "network"}, {"path", input.network_path}});
  if (input.sandbox.host_ipc) {
    // the machine's
  } else if (input.ipc_path.empty()) {
    namespaces.push_back(Members{{"type", "ipc"}});
  } else {
    namespaces.push_back(Members{{"type", "ipc"}, {"path", input.ipc_path}});
  }
  if (input.cgroup_version == os::CgroupVersion::kV2) namespaces.push_back(Members{{"type", "cgroup"}});
  return namespaces;
}

Value device_rule(bool allow, std::string_view type, int major, int minor, std::string_view access) {
  Members rule{{"allow", allow}};
  if (!type.empty()) rule.emplace_back("type", type);
  if (major >= 0) rule.emplace_back("major", major);
  if (minor >= 0) rule.emplace_back("minor", minor);
  rule.emplace_back("access", access);
  return rule;
}

// The devices that every container has, and making nodes of others without being able to open them.
Array device_rules(bool privileged) {
  if (privileged) return {device_rule(true, "", -1, -1, "rwm")};
  return {device_rule(false, "", -1, -1, "rwm"), device_rule(true, "c", -1, -1, "m"),   device_rule(true, "b", -1, -1, "m"),
          device_rule(true, "c", 1, 3, "rwm"),   device_rule(true, "c", 1, 5, "rwm"),   device_rule(true, "c", 1, 7, "rwm"),
          device_rule(true, "c", 1, 8, "rwm"),   device_rule(true, "c", 1, 9, "rwm"),   device_rule(true, "c", 5, 0, "rwm"),
          device_rule(true, "c", 5, 2, "rwm"),   device_rule(true, "c", 136, -1, "rwm")};
}

Value resources_of(const OciConfigInput& input) {
  const CgroupLimits& limits = input.container.limits;
  Members resources{{"devices", device_rules(input.container.privileged)}};
  Members cpu;
  if (limits.cpu_shares > 0) cpu.emplace_back("shares", limits.cpu_shares);
  if (limits.cpu_quota_us > 0) {
    cpu.emplace_back("quota", limits.cpu_quota_us);
    cpu.emplace_back("period", os::kCpuPeriodUs);
  }
  if (!cpu.empty()) resources.emplace_back("cpu", std::move(cpu));
  if (limits.memory_bytes_max > 0) resources.emplace_back("memory", Members{{"limit", limits.memory_bytes_max}});
  if (limits.pids_max > 0) resources.emplace_back("pids", Members{{"limit", limits.pids_max}});
  // Who loses one process for want of memory loses all.
  if (input.cgroup_version == os::CgroupVersion::kV2) resources.emplace_back("unified", Members{{"memory.oom.group", "1"}});
  return resources;
}

bool is_administrator(const Value& process) {
  const Array& kept = process.find("capabilities")->find("bounding")->as_array();
  return std::ranges::any_of(kept, [](const Value& name) { return name.as_string() == "CAP_SYS_ADMIN"; });
}

Array devices_of(const std::vector<os::DeviceNode>& nodes) {
  Array devices;
  for (const os::DeviceNode& node : nodes) {
    devices.push_back(Members{{"path", node.path},
                              {"type", node.is_block ? "b" : "c"},
                              {"major", static_cast<int64_t>(node.major)},
                              {"minor", static_cast<int64_t>(node.minor)},
                              {"fileMode", static_cast<int64_t>(node.mode)},
                              {"uid", static_cast<int64_t>(node.uid)},
                              {"gid", static_cast<int64_t>(node.gid)}});
  }
  return devices;
}

Value linux_of(const OciConfigInput& input, bool administrator) {
  Members part{{"cgroupsPath", input.cgroup}, {"namespaces", namespaces_of(input)}, {"resources", resources_of(input)}};
  if (!input.sandbox.sysctls.empty()) {
    Members sysctls;
    for (const auto& [name, value] : input.sandbox.sysctls) sysctls.emplace_back(name, value);
    part.emplace_back("sysctl", std::move(sysctls));
  }
  if (!input.devices.empty()) part.emplace_back("devices", devices_of(input.devices));
  if (const std::string_view root = root_propagation(input.container.mounts); !root.empty()) part.emplace_back("rootfsPropagation", root);
  if (input.container.privileged) return part;
  if (!input.container.unmasked_proc) {
    part.emplace_back("maskedPaths", strings(kMaskedPaths));
    part.emplace_back("readonlyPaths", strings(kReadOnlyPaths));
  }
  using Choice = SeccompChoice::Kind;
  if (input.container.seccomp.kind == Choice::kRuntimeDefault) part.emplace_back("seccomp", seccomp_profile(administrator));
  if (input.seccomp_profile) part.emplace_back("seccomp", *input.seccomp_profile);
  return part;
}

}  // namespace

Result<std::string> build_oci_config(const OciConfigInput& input) {
  TRY(Value process, process_of(input));
  const bool administrator = is_administrator(process);
  Members config{{"ociVersion", "1.0.2"},
                 {"process", std::move(process)},
                 {"root", Members{{"path", input.root_dir}, {"readonly", input.container.read_only_root}}},
                 {"mounts", mounts_of(input)},
                 {"linux", linux_of(input, administrator)}};
  if (!input.sandbox.host_network) config.emplace_back("hostname", input.sandbox.hostname);
  return json::to_text(Value(std::move(config)));
}

}  // namespace stint::crun
