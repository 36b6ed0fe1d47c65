// What a pod takes of the host.
#include <algorithm>
#include <array>

#include "api/podsecurity/checks.h"

namespace stint::podsecurity {

std::string join(const Names& names, std::string_view between) {
  std::string text;
  for (const std::string& name : names) {
    if (&name != &names.front()) text += between;
    text += name;
  }
  return text;
}

std::string join_quoted(const Names& names) { return names.empty() ? "" : "\"" + join(names, "\", \"") + "\""; }
std::string join_quoted(const std::set<std::string>& names) { return join_quoted(Names(names.begin(), names.end())); }

std::string_view pluralize(std::string_view one, std::string_view many, size_t count) { return count == 1 ? one : many; }

std::string containers_text(const Names& names) {
  return std::string(pluralize("container", "containers", names.size())) + " " + join_quoted(names);
}

std::string setters_text(bool pod, const Names& containers) {
  Names setters;
  if (pod) setters.emplace_back("pod");
  if (!containers.empty()) setters.push_back(containers_text(containers));
  return join(setters, " and ");
}

Verdict check_host_namespaces(const PodView& pod) {
  Names taken;
  if (pod.spec.hostnetwork()) taken.emplace_back("hostNetwork=true");
  if (pod.spec.hostpid()) taken.emplace_back("hostPID=true");
  if (pod.spec.hostipc()) taken.emplace_back("hostIPC=true");
  if (taken.empty()) return {};
  return Violation{"host namespaces", join(taken, ", ")};
}

Verdict check_host_path(const PodView& pod) {
  Names bad;
  for (const corev1::Volume& volume : pod.spec.volumes()) {
    if (volume.volumesource().has_hostpath()) bad.push_back(volume.name());
  }
  if (bad.empty()) return {};
  return Violation{"hostPath volumes", std::string(pluralize("volume", "volumes", bad.size())) + " " + join_quoted(bad)};
}

Verdict check_host_ports(const PodView& pod) {
  Names bad;
  std::set<std::string> ports;
  for (const ContainerView& container : pod.containers) {
    bool valid = true;
    for (const corev1::ContainerPort& port : *container.ports) {
      if (port.hostport() == 0) continue;
      valid = false;
      ports.insert(std::to_string(port.hostport()));
    }
    if (!valid) bad.push_back(*container.name);
  }
  if (bad.empty()) return {};
  return Violation{"hostPort", containers_text(bad) + " " + std::string(pluralize("uses", "use", bad.size())) + " " +
                                   std::string(pluralize("hostPort", "hostPorts", ports.size())) + " " +
                                   join(Names(ports.begin(), ports.end()), ", ")};
}

namespace {

template <class Handler>
void collect_hosts(const Handler& handler, std::set<std::string>& hosts) {
  if (!handler.httpget().host().empty()) hosts.insert(handler.httpget().host());
  if (!handler.tcpsocket().host().empty()) hosts.insert(handler.tcpsocket().host());
}

std::set<std::string> hosts_of(const ContainerView& container) {
  std::set<std::string> hosts;
  for (const corev1::Probe* probe : {container.liveness, container.readiness, container.startup}) {
    if (probe != nullptr) collect_hosts(probe->handler(), hosts);
  }
  if (container.lifecycle != nullptr) {
    collect_hosts(container.lifecycle->poststart(), hosts);
    collect_hosts(container.lifecycle->prestop(), hosts);
  }
  return hosts;
}

}  // namespace

Verdict check_probe_hosts(const PodView& pod) {
  std::set<std::string> bad, hosts;
  for (const ContainerView& container : pod.containers) {
    const std::set<std::string> own = hosts_of(container);
    if (own.empty()) continue;
    bad.insert(*container.name);
    hosts.insert(own.begin(), own.end());
  }
  if (bad.empty()) return {};
  return Violation{"probe or lifecycle host",
                   containers_text(Names(bad.begin(), bad.end())) + " " + std::string(pluralize("uses", "use", bad.size())) + " " +
                       std::string(pluralize("probe or lifecycle host", "probe or lifecycle hosts", hosts.size())) + " " +
                       join_quoted(hosts)};
}

namespace {

// The name of the source's field, "" when there is none.
std::string source_of(const corev1::Volume& volume) {
  std::vector<const google::protobuf::FieldDescriptor*> set;
  volume.volumesource().GetReflection()->ListFields(volume.volumesource(), &set);
  return set.empty() ? "" : std::string(set.front()->name());
}

}  // namespace

Verdict check_restricted_volumes(const PodView& pod) {
  static constexpr std::array<std::string_view, 9> kAllowed = {
      "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret"};
  Names bad;
  std::set<std::string> sources;
  for (const corev1::Volume& volume : pod.spec.volumes()) {
    const std::string source = source_of(volume);
    if (std::ranges::find(kAllowed, source) != kAllowed.end()) continue;
    bad.push_back(volume.name());
    sources.insert(source.empty() ? "unknown" : source);
  }
  if (bad.empty()) return {};
  return Violation{"restricted volume types",
                   std::string(pluralize("volume", "volumes", bad.size())) + " " + join_quoted(bad) + " " +
                       std::string(pluralize("uses", "use", bad.size())) + " " +
                       std::string(pluralize("restricted volume type", "restricted volume types", sources.size())) + " " +
                       join_quoted(sources)};
}

namespace {

struct SafeSysctl {
  std::string_view name;
  int since;
};
constexpr SafeSysctl kSafeSysctls[] = {
    {"kernel.shm_rmid_forced", 0},
    {"net.ipv4.ip_local_port_range", 0},
    {"net.ipv4.tcp_syncookies", 0},
    {"net.ipv4.ping_group_range", 0},
    {"net.ipv4.ip_unprivileged_port_start", 0},
    {"net.ipv4.ip_local_reserved_ports", 27},
    {"net.ipv4.tcp_keepalive_time", 29},
    {"net.ipv4.tcp_fin_timeout", 29},
    {"net.ipv4.tcp_keepalive_intvl", 29},
    {"net.ipv4.tcp_keepalive_probes", 29},
    {"net.ipv4.tcp_rmem", 32},
    {"net.ipv4.tcp_wmem", 32},
    {"net.ipv4.tcp_slow_start_after_idle", 37},
    {"net.ipv4.tcp_notsent_lowat", 37},
};

Verdict check_sysctls(const PodView& pod, int version) {
  Names bad;
  for (const corev1::Sysctl& sysctl : pod.spec.securitycontext().sysctls()) {
    const bool safe =
        std::ranges::any_of(kSafeSysctls, [&](const SafeSysctl& row) { return row.name == sysctl.name() && row.since <= version; });
    if (!safe) bad.push_back(sysctl.name());
  }
  if (bad.empty()) return {};
  return Violation{"forbidden sysctls", join(bad, ", ")};
}

}  // namespace

Verdict check_sysctls_1_0(const PodView& pod) { return check_sysctls(pod, 0); }
Verdict check_sysctls_1_27(const PodView& pod) { return check_sysctls(pod, 27); }
Verdict check_sysctls_1_29(const PodView& pod) { return check_sysctls(pod, 29); }
Verdict check_sysctls_1_32(const PodView& pod) { return check_sysctls(pod, 32); }
Verdict check_sysctls_1_37(const PodView& pod) { return check_sysctls(pod, 37); }

}  // namespace stint::podsecurity
