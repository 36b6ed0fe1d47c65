#include "node/pod_files.h"

#include "node/dns/answer.h"

namespace stint {

PodPaths::PodPaths(const std::string& data_dir, const std::string& log_dir, const corev1::Pod& pod)
    : root(data_dir + "/pods/" + pod.metadata().uid()),
      logs(log_dir + "/" + log_dir_name(pod.metadata().namespace_(), pod.metadata().name(), pod.metadata().uid())) {}

std::string PodPaths::termination_log(const std::string& container, int attempt) const {
  return root + "/containers/" + container + "/" + std::to_string(attempt);
}

std::string PodPaths::container_log(const std::string& container, int attempt) const {
  return container_log_dir(container) + "/" + std::to_string(attempt) + ".log";
}

std::string log_dir_name(const std::string& ns, const std::string& pod, const std::string& uid) { return ns + "_" + pod + "_" + uid; }

std::string pod_hostname(const corev1::PodSpec& spec, const std::string& pod_name) {
  constexpr size_t kHostnameBytesMax = 63;
  if (!spec.hostnameoverride().empty()) return spec.hostnameoverride();
  std::string name = spec.hostname().empty() ? pod_name : spec.hostname();
  if (name.size() > kHostnameBytesMax) {
    name.resize(kHostnameBytesMax);
    while (!name.empty() && (name.back() == '-' || name.back() == '.')) name.pop_back();
  }
  return name;
}

std::string pod_domain(const corev1::PodSpec& spec, const std::string& ns) {
  if (spec.subdomain().empty() || !spec.hostnameoverride().empty()) return "";
  return spec.subdomain() + "." + ns + ".svc." + dns::kClusterDomain;
}

Result<std::string> kernel_hostname(const corev1::PodSpec& spec, const std::string& ns, const std::string& pod_name) {
  constexpr size_t kKernelBytesMax = 64;
  std::string name = pod_hostname(spec, pod_name);
  const std::string domain = pod_domain(spec, ns);
  if (!spec.sethostnameasfqdn() || domain.empty() || spec.hostnetwork()) return name;
  name += "." + domain;
  if (name.size() <= kKernelBytesMax) return name;
  return fail(Reason::kInvalid, "failed to construct FQDN from pod hostname and cluster domain, FQDN " + name + " is too long (" +
                                    std::to_string(kKernelBytesMax) + " characters is the max, " + std::to_string(name.size()) +
                                    " characters requested)");
}

std::string hosts_file(const corev1::PodSpec& spec, const HostsInput& input) {
  std::string out;
  if (spec.hostnetwork()) {
    out = "# Kubernetes-managed hosts file (host network).\n" + input.node_hosts;
  } else {
    out =
        "# Kubernetes-managed hosts file.\n"
        "127.0.0.1\tlocalhost\n"
        "::1\tlocalhost ip6-localhost ip6-loopback\n"
        "fe00::0\tip6-localnet\n"
        "fe00::0\tip6-mcastprefix\n"
        "fe00::1\tip6-allnodes\n"
        "fe00::2\tip6-allrouters\n";
    const std::string whole = input.domain.empty() ? "" : input.hostname + "." + input.domain + "\t";
    if (!input.pod_ip.empty()) out += input.pod_ip + "\t" + whole + input.hostname + "\n";
  }
  if (!out.empty() && out.back() != '\n') out += '\n';
  if (!input.host_address.empty()) out += input.host_address + "\thost.stint.internal\n";
  if (spec.hostaliases_size() > 0) out += "\n# Entries added by HostAliases.\n";
  for (const auto& alias : spec.hostaliases()) {
    out += alias.ip();
    for (const auto& name : alias.hostnames()) out += "\t" + name;
    out += "\n";
  }
  return out;
}

}  // namespace stint
