#include "node/dns/answer.h"

#include <algorithm>

namespace stint::dns {
namespace {

using Members = std::vector<Directory::Member>;

const Name kCluster{"cluster", "local"};
const Name kHost{"host", "stint", "internal"};
const Name kReverse{"in-addr", "arpa"};

Answer no_such_name() { return {.rcode = Rcode::kNxDomain}; }
// The name is there; records of this type are not, or it is only the end of others.
Answer nothing() { return {}; }

Name below_cluster(Name labels, std::string_view kind) {
  labels.emplace_back(kind);
  labels.insert(labels.end(), kCluster.begin(), kCluster.end());
  return labels;
}

Name name_of(const corev1::Service& service) { return below_cluster({service.metadata().name(), service.metadata().namespace_()}, "svc"); }

Name name_of(const Directory::Member& member, const corev1::Service& service) {
  Name name = name_of(service);
  name.insert(name.begin(), member.label);
  return name;
}

Answer addresses(const Question& question, const std::vector<uint32_t>& found) {
  if (found.empty()) return no_such_name();
  Answer answer;
  if (question.type != kA && question.type != kAny) return answer;
  for (const uint32_t address : found) answer.records.push_back(address_record(question.name, address));
  return answer;
}

// Where clients reach it. One with pods behind it has theirs, whether it has an address of its own or not: nothing here leads from that
// address to them (docs/adr/0011).
std::vector<uint32_t> addresses_of(const corev1::Service& service, const Members& members) {
  std::vector<uint32_t> found;
  for (const Directory::Member& member : members) found.push_back(member.address);
  if (!service.spec().selector().empty()) return found;
  if (const auto own = os::parse_ipv4(service.spec().clusterip())) found.push_back(*own);
  return found;
}

// The number that a pod listens on for a port of the Service; 0 if it names none that the pod has.
int port_of(const corev1::ServicePort& port, const corev1::Pod& pod) {
  if (!port.has_targetport()) return port.port();
  if (port.targetport().strval().empty()) return port.targetport().intval() != 0 ? port.targetport().intval() : port.port();
  for (const auto& container : pod.spec().containers()) {
    for (const auto& declared : container.ports())
      if (declared.name() == port.targetport().strval()) return declared.containerport();
  }
  return 0;
}

const corev1::ServicePort* find_port(const corev1::Service& service, const std::string& name, const std::string& protocol) {
  for (const auto& port : service.spec().ports()) {
    std::string wanted = "_" + (port.protocol().empty() ? std::string("tcp") : port.protocol());
    std::ranges::transform(wanted, wanted.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (!port.name().empty() && "_" + port.name() == name && wanted == protocol) return &port;
  }
  return nullptr;
}

Answer service_ports(const Question& question, const corev1::Service& service, const Members& members, const corev1::ServicePort& port) {
  Answer answer;
  const auto add = [&](const Name& target, int number, uint32_t address) {
    answer.records.push_back(service_record(question.name, static_cast<uint16_t>(number), target));
    answer.additional.push_back(address_record(target, address));
  };
  for (const auto& member : members)
    if (const int number = port_of(port, *member.pod); number != 0) add(name_of(member, service), number, member.address);
  const auto own = os::parse_ipv4(service.spec().clusterip());
  if (service.spec().selector().empty() && own) add(name_of(service), port.port(), *own);
  if (answer.records.empty()) return no_such_name();
  if (question.type != kSrv && question.type != kAny) return nothing();
  return answer;
}

// labels: [[_port _protocol | host] name namespace]
Verdict answer_service(const Question& question, Name labels, const Directory& directory, uint64_t chance) {
  if (labels.size() < 2) return nothing();
  const std::string ns = labels.back(), name = labels[labels.size() - 2];
  labels.resize(labels.size() - 2);
  const Directory::Service service = directory.service(ns, name);
  if (!service || labels.size() > 2) return no_such_name();
  if (service->spec().type() == "ExternalName") {
    const auto target = parse_name(service->spec().externalname());
    if (!labels.empty() || !target) return no_such_name();
    return Alias{*target};
  }
  Members members = directory.members(*service);
  if (!members.empty()) std::ranges::rotate(members, members.begin() + static_cast<std::ptrdiff_t>(chance % members.size()));
  if (labels.size() == 2) {
    const corev1::ServicePort* port = find_port(*service, labels[0], labels[1]);
    return port != nullptr ? service_ports(question, *service, members, *port) : no_such_name();
  }
  if (labels.size() == 1) {
    std::erase_if(members, [&](const Directory::Member& member) { return member.label != labels[0]; });
    std::vector<uint32_t> found;
    for (const auto& member : members) found.push_back(member.address);
    return addresses(question, found);
  }
  return addresses(question, addresses_of(*service, members));
}

// labels: [a-b-c-d namespace]
Answer answer_pod(const Question& question, const Name& labels, const Directory& directory) {
  if (labels.size() < 2) return nothing();
  std::string text = labels[0];
  std::ranges::replace(text, '-', '.');
  const auto address = os::parse_ipv4(text);
  if (labels.size() != 2 || !address || dashed(*address) != labels[0]) return no_such_name();
  const Directory::Pod pod = directory.pod_at(*address);
  if (!pod || pod->metadata().namespace_() != labels[1]) return no_such_name();
  return addresses(question, {*address});
}

Name name_of(const Directory::Pod& pod, uint32_t address, const Directory& directory) {
  if (const auto service = directory.service_naming(*pod)) return name_of({pod, address, pod->spec().hostname()}, *service);
  return below_cluster({dashed(address), pod->metadata().namespace_()}, "pod");
}

// labels: the address, its last number first. Of addresses outside the pods' network others know.
Verdict answer_reverse(const Question& question, const Name& labels, const Directory& directory, const PodNetwork& network) {
  if (labels.size() != 4) return Forward{};
  const auto address = os::parse_ipv4(labels[3] + "." + labels[2] + "." + labels[1] + "." + labels[0]);
  if (!address || !network.pods.contains(*address)) return Forward{};
  const Directory::Pod pod = directory.pod_at(*address);
  if (!pod && *address != network.host_address) return no_such_name();
  Answer answer;
  if (question.type == kPtr || question.type == kAny)
    answer.records.push_back(pointer_record(question.name, pod ? name_of(pod, *address, directory) : kHost));
  return answer;
}

Verdict answer_cluster(const Question& question, Name labels, const Directory& directory, uint64_t chance) {
  if (labels.empty()) return nothing();
  const std::string kind = labels.back();
  labels.pop_back();
  if (kind == "svc") return answer_service(question, std::move(labels), directory, chance);
  if (kind == "pod") return answer_pod(question, labels, directory);
  return no_such_name();
}

}  // namespace

Verdict answer(const Question& question, const Directory& directory, const PodNetwork& network, uint64_t chance) {
  if (question.klass != kInternet) return Answer{.rcode = Rcode::kRefused, .authoritative = false};
  if (question.name == kHost) return addresses(question, {network.host_address});
  if (const auto labels = labels_below(question.name, kCluster)) return answer_cluster(question, *labels, directory, chance);
  if (const auto labels = labels_below(question.name, kReverse)) return answer_reverse(question, *labels, directory, network);
  return Forward{};
}

}  // namespace stint::dns
