// Where a pod's files are on the node, and the small files that every container of it sees. Paths are plain values; the contents
// functions are pure.
#pragma once

#include <string>
#include <vector>

#include "api/types.h"
#include "base/result.h"

namespace stint {

struct PodPaths {
  std::string root;  // <data_dir>/pods/<uid>
  std::string logs;  // <log_dir>/<namespace>_<pod>_<uid>

  PodPaths(const std::string& data_dir, const std::string& log_dir, const corev1::Pod& pod);
  std::string volume(const std::string& name) const { return root + "/volumes/" + name; }
  std::string sub_paths() const { return root + "/volume-subpaths"; }
  // Where the sub path of the container's `index`th mount is bound.
  std::string sub_path(const std::string& volume, const std::string& container, int index) const {
    return sub_paths() + "/" + volume + "/" + container + "/" + std::to_string(index);
  }
  std::string hosts() const { return root + "/etc-hosts"; }
  std::string hostname() const { return root + "/hostname"; }
  std::string resolv_conf() const { return root + "/resolv.conf"; }
  std::string termination_log(const std::string& container, int attempt) const;
  std::string container_log_dir(const std::string& container) const { return logs + "/" + container; }
  std::string container_log(const std::string& container, int attempt) const;
};

// "<namespace>_<pod>_<uid>"
std::string log_dir_name(const std::string& ns, const std::string& pod, const std::string& uid);

// The pod's name or spec.hostname, cut to what the kernel and DNS take.
std::string pod_hostname(const corev1::PodSpec& spec, const std::string& pod_name);

// What the kernel calls the pod's machine: with setHostnameAsFQDN the domain too, which may be too long.
Result<std::string> kernel_hostname(const corev1::PodSpec& spec, const std::string& ns, const std::string& pod_name);

// What stands after its host name where a Service of its subdomain names it; "" without one.
std::string pod_domain(const corev1::PodSpec& spec, const std::string& ns);

struct HostsInput {
  std::string pod_ip;
  std::string hostname;
  std::string domain;        // "" none
  std::string node_hosts;    // the node's own file, for host network pods
  std::string host_address;  // of host.stint.internal; "" leaves it out
};
std::string hosts_file(const corev1::PodSpec& spec, const HostsInput& input);

}  // namespace stint
