#include "node/dns/directory.h"

#include <algorithm>

#include "node/phase.h"
#include "os/netlink.h"

namespace stint::dns {
namespace {

std::string key_of(std::string_view ns, std::string_view name) {
  std::string key(ns);
  key += '/';
  key += name;
  return key;
}
template <class T>
std::string key_of(const T& object) {
  return key_of(object.metadata().namespace_(), object.metadata().name());
}

// 0 if it has none that others can use.
uint32_t address_of(const corev1::Pod& pod) {
  if (pod.status().podip().empty() || is_terminal_phase(pod.status().phase())) return 0;
  return os::parse_ipv4(pod.status().podip()).value_or(0);
}

bool is_ready(const corev1::Pod& pod) {
  if (pod.metadata().has_deletiontimestamp()) return false;
  return std::ranges::any_of(pod.status().conditions(),
                             [](const auto& condition) { return condition.type() == "Ready" && condition.status() == "True"; });
}

bool selects(const corev1::Service& service, const corev1::Pod& pod) {
  const auto& selector = service.spec().selector();
  if (selector.empty() || service.metadata().namespace_() != pod.metadata().namespace_()) return false;
  const auto& labels = pod.metadata().labels();
  return std::ranges::all_of(selector, [&](const auto& wanted) {
    const auto found = labels.find(wanted.first);
    return found != labels.end() && found->second == wanted.second;
  });
}

bool names(const corev1::Service& service, const corev1::Pod& pod) {
  return !pod.spec().hostname().empty() && pod.spec().subdomain() == service.metadata().name();
}

// The entries of one namespace, since '0' comes after '/'.
template <class Map>
auto of_namespace(Map& map, const std::string& ns) {
  return std::ranges::subrange(map.lower_bound(ns + "/"), map.lower_bound(ns + "0"));
}

}  // namespace

std::string dashed(uint32_t address) {
  std::string text = os::ipv4_text(address);
  std::ranges::replace(text, '.', '-');
  return text;
}

void Directory::service_changed(const Object& old, const Object& next) {
  if (old) services_.erase(key_of(*as<corev1::Service>(old)));
  if (!next) return;
  Entry entry{.service = as<corev1::Service>(next), .members = {}};
  for (const auto& [key, pod] : of_namespace(pods_, entry.service->metadata().namespace_()))
    if (selects(*entry.service, *pod)) entry.members[key] = pod;
  services_[key_of(*entry.service)] = std::move(entry);
}

void Directory::pod_changed(const Object& old, const Object& next) {
  if (old) take_away(*as<corev1::Pod>(old));
  if (next) put(as<corev1::Pod>(next));
}

void Directory::put(const Pod& pod) {
  const uint32_t address = address_of(*pod);
  if (address == 0) return;
  const std::string key = key_of(*pod);
  pods_[key] = pod;
  if (!pod->spec().hostnetwork()) addresses_[address] = pod;
  for (auto& [name, entry] : of_namespace(services_, pod->metadata().namespace_()))
    if (selects(*entry.service, *pod)) entry.members[key] = pod;
}

void Directory::take_away(const corev1::Pod& pod) {
  const std::string key = key_of(pod);
  if (pods_.erase(key) == 0) return;
  const auto at = addresses_.find(os::parse_ipv4(pod.status().podip()).value_or(0));
  // The address may be another pod's by now.
  if (at != addresses_.end() && at->second->metadata().uid() == pod.metadata().uid()) addresses_.erase(at);
  for (auto& [name, entry] : of_namespace(services_, pod.metadata().namespace_())) entry.members.erase(key);
}

Directory::Service Directory::service(std::string_view ns, std::string_view name) const {
  const auto found = services_.find(key_of(ns, name));
  return found == services_.end() ? nullptr : found->second.service;
}

std::vector<Directory::Member> Directory::members(const corev1::Service& service) const {
  std::vector<Member> members;
  const auto found = services_.find(key_of(service));
  if (found == services_.end()) return members;
  const bool all = service.spec().publishnotreadyaddresses();
  for (const auto& [key, pod] : found->second.members) {
    if (!all && !is_ready(*pod)) continue;
    const uint32_t address = address_of(*pod);
    members.push_back({pod, address, names(service, *pod) ? pod->spec().hostname() : dashed(address)});
  }
  return members;
}

Directory::Pod Directory::pod_at(uint32_t address) const {
  const auto found = addresses_.find(address);
  return found == addresses_.end() ? nullptr : found->second;
}

Directory::Service Directory::service_naming(const corev1::Pod& pod) const {
  if (pod.spec().hostname().empty()) return nullptr;
  const Service found = service(pod.metadata().namespace_(), pod.spec().subdomain());
  return found && selects(*found, pod) ? found : nullptr;
}

}  // namespace stint::dns
