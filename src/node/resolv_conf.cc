#include "node/resolv_conf.h"

#include <algorithm>
#include <sstream>

#include "node/dns/answer.h"

namespace stint {
namespace {

void add_new(std::vector<std::string>& list, const std::string& value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
}

// Of two with one name the later counts.
void set_option(std::vector<std::string>& options, const std::string& option) {
  const std::string name = option.substr(0, option.find(':'));
  std::erase_if(options, [&](const std::string& old) { return old == name || old.starts_with(name + ":"); });
  options.push_back(option);
}

bool is_loopback(const std::string& server) { return server.starts_with("127.") || server == "::1"; }

ResolvConf cluster_first(const std::string& ns, const ResolvConf& node, const std::string& server) {
  const std::string services = std::string("svc.") + dns::kClusterDomain;
  ResolvConf file{.servers = {server}, .searches = {ns + "." + services, services, dns::kClusterDomain}, .options = {"ndots:5"}};
  for (const auto& search : node.searches) add_new(file.searches, search);
  return file;
}

// A resolver on the node's loopback is out of a pod's reach; ours asks it.
ResolvConf reachable(const ResolvConf& node, const std::string& server) {
  ResolvConf file{.searches = node.searches, .options = node.options};
  for (const auto& each : node.servers) add_new(file.servers, is_loopback(each) ? server : each);
  return file;
}

void merge(const corev1::PodDNSConfig& config, ResolvConf& file) {
  for (const auto& server : config.nameservers()) add_new(file.servers, server);
  for (const auto& search : config.searches()) add_new(file.searches, search);
  for (const auto& option : config.options())
    set_option(file.options, option.has_value() && !option.value().empty() ? option.name() + ":" + option.value() : option.name());
}

std::string joined(const std::vector<std::string>& words) {
  std::string line;
  for (const auto& word : words) line += (line.empty() ? "" : " ") + word;
  return line;
}

// What was left out, as upstream's event says it; nothing if all fits.
std::vector<std::string> cut_to_limits(ResolvConf& file) {
  constexpr size_t kServersMax = 3, kSearchesMax = 32, kSearchBytesMax = 255, kSearchLineBytesMax = 2048;  // glibc's and upstream's
  std::vector<std::string> omissions;
  if (file.servers.size() > kServersMax) {
    file.servers.resize(kServersMax);
    omissions.push_back("Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: " +
                        joined(file.servers));
  }
  const size_t wanted = file.searches.size();
  file.searches.resize(std::min(wanted, kSearchesMax));
  std::erase_if(file.searches, [](const std::string& search) { return search.size() > kSearchBytesMax; });
  while (joined(file.searches).size() > kSearchLineBytesMax) file.searches.pop_back();
  if (file.searches.size() != wanted) {
    omissions.push_back("Search Line limits were exceeded, some search paths have been omitted, the applied search line is: " +
                        joined(file.searches));
  }
  return omissions;
}

}  // namespace

ResolvConf parse_resolv_conf(const std::string& text) {
  ResolvConf file;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key, word;
    words >> key;
    if (key == "nameserver" && words >> word) file.servers.push_back(word);
    if (key == "search") file.searches.clear();  // the last line counts
    while (key == "search" && words >> word) {
      if (word != "." && word.ends_with('.')) word.pop_back();
      if (word != ".") file.searches.push_back(word);
    }
    while (key == "options" && words >> word) set_option(file.options, word);
  }
  return file;
}

std::string print(const ResolvConf& file) {
  std::string out;
  auto join = [&out](std::string_view key, const std::vector<std::string>& words) {
    if (words.empty()) return;
    out += key;
    for (const auto& word : words) out += " " + word;
    out += "\n";
  };
  join("search", file.searches);
  for (const auto& server : file.servers) out += "nameserver " + server + "\n";
  join("options", file.options);
  return out;
}

bool wants_cluster_names(const corev1::PodSpec& spec) {
  if (spec.dnspolicy() == "ClusterFirstWithHostNet") return true;
  return spec.dnspolicy() != "None" && spec.dnspolicy() != "Default" && !spec.hostnetwork();
}

std::string resolv_conf(const corev1::PodSpec& spec, const std::string& ns, const PodDns& dns, std::vector<std::string>* omissions) {
  const ResolvConf node = parse_resolv_conf(dns.node_file);
  const bool own_network = !dns.server.empty() && !spec.hostnetwork();
  ResolvConf file = node;
  if (spec.dnspolicy() == "None") {
    file = {};
  } else if (!dns.server.empty() && wants_cluster_names(spec)) {
    file = cluster_first(ns, node, dns.server);
  } else if (own_network && std::ranges::any_of(node.servers, is_loopback)) {
    file = reachable(node, dns.server);
  } else if (!spec.has_dnsconfig()) {
    return dns.node_file;
  }
  merge(spec.dnsconfig(), file);
  std::vector<std::string> left_out = cut_to_limits(file);
  if (omissions != nullptr) *omissions = std::move(left_out);
  return print(file);
}

}  // namespace stint
