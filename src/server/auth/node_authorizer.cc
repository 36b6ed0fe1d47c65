#include "server/auth/node_authorizer.h"

#include <algorithm>
#include <array>

#include "api/core/pod_references.h"
#include "server/auth/bootstrap_policy.h"
#include "server/auth/node_identity.h"

namespace stint {
namespace {

using Opinion = NodeAuthorizer::Opinion;

constexpr std::string_view kLeaseNamespace = "kube-node-lease";

Opinion allowed() { return {.allowed = true}; }
Opinion no(std::string reason = "") { return {.allowed = false, .reason = std::move(reason)}; }

template <size_t N>
bool is_one_of(std::string_view word, const std::string_view (&words)[N]) {
  return std::ranges::find(words, word) != std::end(words);
}
constexpr std::string_view kReads[] = {"get", "list", "watch"};
constexpr std::string_view kChanges[] = {"get", "create", "update", "patch", "delete"};
constexpr std::string_view kStatusWrites[] = {"update", "patch"};

// An object of a node's own, named after it; when it is created the name is looked at by admission.
Opinion decide_on_own(const std::string& node, const Attributes& asked, std::string_view what) {
  if (!asked.subresource.empty() || !is_one_of(asked.verb, kChanges)) {
    return no("can only get, create, update, patch, or delete a " + std::string(what));
  }
  if (asked.verb != "create" && asked.name != node) {
    return no("can only access " + std::string(what) + " with the same name as the requesting node");
  }
  return allowed();
}

Opinion decide_on_lease(const std::string& node, const Attributes& asked) {
  if (asked.ns != kLeaseNamespace) return no("can only access leases in the \"kube-node-lease\" system namespace");
  return decide_on_own(node, asked, "node lease");
}

// Lists of everybody's may be read, and emptied, as far as they are of this node.
Opinion decide_on_slice(const std::string& node, const Attributes& asked) {
  const bool lists = asked.verb == "list" || asked.verb == "watch" || asked.verb == "deletecollection";
  if (lists && asked.subresource.empty() && asked.selected_node == node) return allowed();
  return no("can only list/watch/deletecollection resourceslices with nodeName field selector");
}

}  // namespace

NodeAuthorizer::NodeAuthorizer(Registry& registry) : registry_(registry), rules_(rbac::rules_of_bootstrap_role("system:node")) {}

std::optional<Opinion> NodeAuthorizer::decide(const User& user, const Attributes& attributes) {
  const auto node = node_of(user);
  if (!node) return std::nullopt;
  if (node->empty()) return no("unknown node for user \"" + user.name + "\"");
  return decide_for(*node, attributes);
}

Opinion NodeAuthorizer::decide_for(const std::string& node, const Attributes& asked) {
  const std::string_view resource = asked.is_resource ? asked.resource : "";
  if (asked.group.empty()) {
    if (resource == "nodes") return decide_on_node(node, asked);
    if (resource == "pods") return decide_on_pod(node, asked);
    if (resource == "serviceaccounts") return decide_on_account(node, asked);
    if (resource == "persistentvolumeclaims" || resource == "persistentvolumes") return decide_on_volume(node, asked);
    if (resource == "secrets" || resource == "configmaps") {
      if (!is_one_of(asked.verb, kReads)) return no("can only read resources of this type");
      if (!asked.subresource.empty()) return no("cannot read subresource");
      if (asked.ns.empty()) return no("can only read namespaced object of this type");
      return if_related(node, asked);
    }
  }
  if (asked.group == "coordination.k8s.io" && resource == "leases") return decide_on_lease(node, asked);
  if (asked.group == "storage.k8s.io" && resource == "csinodes") return decide_on_own(node, asked, "CSINode");
  if (asked.group == "storage.k8s.io" && resource == "volumeattachments")
    return no("no relationship found between node '" + node + "' and this object");
  if (asked.group == "resource.k8s.io" && resource == "resourceslices") return decide_on_slice(node, asked);
  if (asked.group == "certificates.k8s.io" && resource == "podcertificaterequests" && asked.selected_node != node) {
    return no("can only list/watch podcertificaterequests with nodeName field selector");
  }
  return {.allowed = rules_.find(asked) != nullptr};
}

Opinion NodeAuthorizer::decide_on_node(const std::string& node, const Attributes& asked) const {
  if (asked.subresource == "status" && is_one_of(asked.verb, kStatusWrites)) return allowed();
  if (!asked.subresource.empty()) return no();
  if (asked.verb == "create" || is_one_of(asked.verb, kStatusWrites)) return allowed();  // admission looks whose it is
  if (!is_one_of(asked.verb, kReads)) return no();
  if (asked.name == node) return allowed();
  if (asked.name.empty()) return no("node '" + node + "' cannot read all nodes, only its own Node object");
  return no("node '" + node + "' cannot read '" + std::string(asked.name) + "', only its own Node object");
}

Opinion NodeAuthorizer::decide_on_pod(const std::string& node, const Attributes& asked) {
  // Of what is written admission looks at the pod.
  if (asked.subresource == "status" && is_one_of(asked.verb, kStatusWrites)) return allowed();
  if (asked.subresource == "eviction" && asked.verb == "create") return allowed();
  if (!asked.subresource.empty()) return no();
  if (asked.verb == "create" || asked.verb == "delete") return allowed();
  if (!is_one_of(asked.verb, kReads)) return no();
  if (asked.verb != "get" && asked.selected_node == node) return allowed();
  if (asked.name.empty()) return no("can only list/watch pods with spec.nodeName field selector");
  return if_related(node, asked);
}

Opinion NodeAuthorizer::decide_on_account(const std::string& node, const Attributes& asked) {
  if (asked.verb == "get" && asked.subresource.empty()) return if_related(node, asked);
  if (asked.verb != "create" || asked.name.empty()) return no("can only create tokens for individual service accounts");
  if (asked.subresource != "token") return no("can only create token subresource of serviceaccount");
  return if_related(node, asked);
}

Opinion NodeAuthorizer::decide_on_volume(const std::string& node, const Attributes& asked) {
  if (asked.subresource == "status" && asked.resource == "persistentvolumeclaims") {
    return is_one_of(asked.verb, kStatusWrites) ? if_related(node, asked) : no("can only get/update/patch this type");
  }
  if (asked.verb != "get") return no("can only get individual resources of this type");
  return asked.subresource.empty() ? if_related(node, asked) : no("cannot get subresource");
}

Opinion NodeAuthorizer::if_related(const std::string& node, const Attributes& asked) {
  if (asked.name.empty()) return no("No Object name found");
  if (is_related(node, asked)) return allowed();
  return no("no relationship found between node '" + node + "' and this object");
}

bool NodeAuthorizer::is_related(const std::string& node, const Attributes& asked) {
  const std::string name(asked.name);
  auto pods = registry_.all(kind_of<corev1::Pod>(), asked.ns);
  if (!pods) return false;
  const auto binds = [&](const std::string& ns, const std::string& claim) {
    const auto found = registry_.find(kind_of<corev1::PersistentVolumeClaim>(), ns, claim);
    return found && *found && static_cast<const corev1::PersistentVolumeClaim&>(*(*found)->object).spec().volumename() == name;
  };
  return std::ranges::any_of(*pods, [&](const Object& object) {
    const auto& pod = static_cast<const corev1::Pod&>(*object);
    if (pod.spec().nodename() != node) return false;
    if (asked.resource == "pods") return pod.metadata().name() == name;
    // What a node made itself must not open other objects to it.
    if (pod.metadata().annotations().contains("kubernetes.io/config.mirror")) return false;
    if (asked.resource == "serviceaccounts") return pod.spec().serviceaccountname() == name;
    const PodReferences references = references_of(pod);
    if (asked.resource == "secrets") return references.secrets.contains(name);
    if (asked.resource == "configmaps") return references.config_maps.contains(name);
    if (asked.resource == "persistentvolumeclaims") return references.claims.contains(name);
    return std::ranges::any_of(references.claims, [&](const std::string& claim) { return binds(pod.metadata().namespace_(), claim); });
  });
}

}  // namespace stint
