#include "runtime/crun/seccomp.h"

#include <sched.h>

#include <cerrno>

#include "os/file.h"

namespace stint::crun {
namespace {

// Each is outside containerd's default profile too, for a container without extra capabilities.
constexpr const char* kRefused[] = {
    "_sysctl",      "acct",          "add_key",     "clock_adjtime", "clock_settime", "create_module", "delete_module",
    "finit_module", "get_mempolicy", "init_module", "ioperm",        "iopl",          "kcmp",          "kexec_file_load",
    "kexec_load",   "keyctl",        "mbind",       "migrate_pages", "move_pages",    "nfsservctl",    "open_by_handle_at",
    "query_module", "reboot",        "request_key", "set_mempolicy", "settimeofday",  "stime",         "swapoff",
    "swapon",       "sysfs",         "uselib",      "userfaultfd",   "ustat",         "vm86",          "vm86old",
};
constexpr const char* kRefusedWithoutAdministrator[] = {
    "bpf",       "fsconfig",        "fsmount",    "fsopen",   "fspick",      "lookup_dcookie", "mount_setattr", "move_mount",
    "open_tree", "perf_event_open", "pivot_root", "quotactl", "quotactl_fd", "setns",          "umount",        "unshare",
};

json::Value rule(json::Array names, int error) {
  return json::Members{{"names", std::move(names)}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", error}};
}

json::Array names_of(const auto& list) {
  json::Array names;
  for (const char* name : list) names.emplace_back(name);
  return names;
}

// clone() tells its flags in a register, so that only new user namespaces are refused; clone3() does not, and C libraries fall back to
// clone() when it is missing.
void refuse_user_namespaces(json::Array& rules) {
  const json::Value flag = static_cast<int64_t>(CLONE_NEWUSER);
  json::Value clone = rule({"clone"}, EPERM);
  clone.as_object().emplace_back(
      "args", json::Array{json::Members{{"index", 0}, {"value", flag}, {"valueTwo", flag}, {"op", "SCMP_CMP_MASKED_EQ"}}});
  rules.push_back(std::move(clone));
  rules.push_back(rule({"clone3"}, ENOSYS));
}

}  // namespace

json::Value seccomp_profile(bool administrator) {
  json::Array rules{rule(names_of(kRefused), EPERM)};
  if (!administrator) {
    rules.push_back(rule(names_of(kRefusedWithoutAdministrator), EPERM));
    refuse_user_namespaces(rules);
  }
  return json::Members{{"defaultAction", "SCMP_ACT_ALLOW"}, {"syscalls", std::move(rules)}};
}

Result<json::Value> read_seccomp_profile(const std::string& path) {
  constexpr size_t kBytesMax = 1 << 20;
  const auto text = os::read_file(path, kBytesMax);
  if (!text) return fail(Reason::kInvalid, "cannot load seccomp profile \"" + path + "\": " + text.error().message);
  auto profile = json::parse(*text);
  if (!profile) return fail(Reason::kInvalid, "decoding seccomp profile \"" + path + "\": " + profile.error().message);
  if (!profile->is_object()) return fail(Reason::kInvalid, "decoding seccomp profile \"" + path + "\": it is no object");
  return *std::move(profile);
}

}  // namespace stint::crun
