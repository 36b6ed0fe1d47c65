#include "node/pod_files.h"

#include <algorithm>
#include <sstream>

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
    if (!input.pod_ip.empty()) out += input.pod_ip + "\t" + input.hostname + "\n";
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

namespace {

struct Resolver {
  std::vector<std::string> servers, searches, options;
};

Resolver parse_resolv_conf(const std::string& text) {
  Resolver resolver;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key, word;
    words >> key;
    if (key == "nameserver" && words >> word) resolver.servers.push_back(word);
    if (key == "search") resolver.searches.clear();  // the last line counts
    while (key == "search" && words >> word) resolver.searches.push_back(word);
    while (key == "options" && words >> word) resolver.options.push_back(word);
  }
  return resolver;
}

void add_new(std::vector<std::string>& list, const std::string& value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
}

void set_option(std::vector<std::string>& options, const corev1::PodDNSConfigOption& option) {
  std::erase_if(options, [&](const std::string& old) { return old == option.name() || old.starts_with(option.name() + ":"); });
  options.push_back(option.has_value() && !option.value().empty() ? option.name() + ":" + option.value() : option.name());
}

}  // namespace

std::string resolv_conf(const corev1::PodSpec& spec, const std::string& node_file) {
  constexpr size_t kServersMax = 3, kSearchesMax = 32;  // glibc's and upstream's limits
  if (spec.dnspolicy() != "None" && !spec.has_dnsconfig()) return node_file;
  Resolver resolver = spec.dnspolicy() == "None" ? Resolver{} : parse_resolv_conf(node_file);
  for (const auto& server : spec.dnsconfig().nameservers()) add_new(resolver.servers, server);
  for (const auto& search : spec.dnsconfig().searches()) add_new(resolver.searches, search);
  for (const auto& option : spec.dnsconfig().options()) set_option(resolver.options, option);
  resolver.servers.resize(std::min(resolver.servers.size(), kServersMax));
  resolver.searches.resize(std::min(resolver.searches.size(), kSearchesMax));

  std::string out;
  auto join = [&out](std::string_view key, const std::vector<std::string>& words) {
    if (words.empty()) return;
    out += key;
    for (const auto& word : words) out += " " + word;
    out += "\n";
  };
  join("search", resolver.searches);
  for (const auto& server : resolver.servers) out += "nameserver " + server + "\n";
  join("options", resolver.options);
  return out;
}

}  // namespace stint
