// What a node writes is its own: its Node, lease and CSINode, the status of its pods, tokens for them. Source: upstream's admission plugin
// NodeRestriction.
#include <set>

#include "api/core/pod_references.h"
#include "api/equality.h"
#include "server/admission.h"
#include "server/auth/node_identity.h"
#include "server/errors.h"

namespace stint {
namespace {

constexpr const char* kMirrorAnnotation = "kubernetes.io/config.mirror";
constexpr std::string_view kLeaseNamespace = "kube-node-lease";

std::unexpected<Error> refuse(const Admission& admission, const std::string& why) {
  std::string name = admission.request.name;
  if (name.empty() && admission.object != nullptr) name = meta(*admission.object).name();
  return fail(forbidden(*admission.request.kind, name, why));
}

bool has_suffix(std::string_view domain, std::string_view suffix) {
  return domain == suffix || (domain.ends_with(suffix) && domain[domain.size() - suffix.size() - 1] == '.');
}

// Labels by which pods are kept to nodes are not a node's to set.
bool may_set_label(std::string_view key) {
  static constexpr std::string_view kOwn[] = {"kubernetes.io/hostname",
                                              "topology.kubernetes.io/zone",
                                              "topology.kubernetes.io/region",
                                              "failure-domain.beta.kubernetes.io/zone",
                                              "failure-domain.beta.kubernetes.io/region",
                                              "beta.kubernetes.io/instance-type",
                                              "node.kubernetes.io/instance-type",
                                              "kubernetes.io/os",
                                              "kubernetes.io/arch",
                                              "beta.kubernetes.io/os",
                                              "beta.kubernetes.io/arch"};
  const size_t slash = key.find('/');
  const std::string_view domain = slash == std::string_view::npos ? "" : key.substr(0, slash);
  if (has_suffix(domain, "node-restriction.kubernetes.io")) return false;
  if (!has_suffix(domain, "kubernetes.io") && !has_suffix(domain, "k8s.io")) return true;
  if (has_suffix(domain, "kubelet.kubernetes.io") || has_suffix(domain, "node.kubernetes.io")) return true;
  return std::ranges::find(kOwn, key) != std::end(kOwn);
}

using Labels = google::protobuf::Map<std::string, std::string>;

std::string forbidden_labels(const Labels& next, const Labels& old) {
  std::set<std::string> keys;
  const auto add_changed = [&keys](const Labels& some, const Labels& others) {
    for (const auto& [key, value] : some) {
      const auto other = others.find(key);
      if ((other == others.end() || other->second != value) && !may_set_label(key)) keys.insert(key);
    }
  };
  add_changed(next, old);
  add_changed(old, next);
  std::string text;
  for (const std::string& key : keys) text += (text.empty() ? "" : ", ") + key;
  return text;
}

Result<void> restrict_node_object(const Admission& admission, const std::string& node) {
  const std::string name = admission.verb == Verb::kCreate ? meta(*admission.object).name() : admission.request.name;
  if (name != node) return refuse(admission, "node " + quote(node) + " is not allowed to modify node " + quote(name));
  if (admission.object == nullptr) return {};
  const auto& next = static_cast<const corev1::Node&>(*admission.object);
  const corev1::Node nothing;
  const auto& old = admission.old == nullptr ? nothing : static_cast<const corev1::Node&>(*admission.old);
  const std::string labels = forbidden_labels(next.metadata().labels(), old.metadata().labels());
  if (admission.old == nullptr) {
    if (labels.empty()) return {};
    return refuse(admission, "node " + quote(node) + " is not allowed to set the following labels: " + labels);
  }
  const auto same = [](const auto& a, const auto& b) {
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [](const auto& x, const auto& y) { return semantically_equal(x, y); });
  };
  if (!same(next.spec().taints(), old.spec().taints()))
    return refuse(admission, "node " + quote(node) + " is not allowed to modify taints");
  if (!same(next.metadata().ownerreferences(), old.metadata().ownerreferences())) {
    return refuse(admission, "node " + quote(node) + " is not allowed to modify ownerReferences");
  }
  if (!labels.empty()) return refuse(admission, "is not allowed to modify labels: " + labels);
  return {};
}

Result<void> restrict_mirror_pod(const Admission& admission, const std::string& node) {
  const auto& pod = static_cast<const corev1::Pod&>(*admission.object);
  const std::string who = "node " + quote(node);
  if (!pod.metadata().annotations().contains(kMirrorAnnotation)) {
    return refuse(admission, "pod does not have " + quote(kMirrorAnnotation) + " annotation, " + who + " can only create mirror pods");
  }
  if (pod.spec().nodename() != node) return refuse(admission, who + " can only create pods with spec.nodeName set to itself");
  const auto& owners = pod.metadata().ownerreferences();
  const bool is_own = owners.size() == 1 && owners[0].apiversion() == "v1" && owners[0].kind() == "Node" && owners[0].name() == node;
  if (!is_own || !owners[0].controller()) return refuse(admission, who + " can only create pods with an owner reference set to itself");
  if (owners[0].blockownerdeletion()) return refuse(admission, who + " must not set blockOwnerDeletion on an owner reference");
  TRY(const Stored owner, admission.core.registry.get(kind_of<corev1::Node>(), "", node));
  if (const std::string& uid = meta(*owner.object).uid(); owners[0].uid() != uid) {
    return refuse(admission, "node " + node + " UID mismatch: expected " + owners[0].uid() + " got " + uid);
  }
  const PodReferences references = references_of(pod);
  if (references.secrets.empty() && references.config_maps.empty() && references.claims.empty() && pod.spec().serviceaccountname().empty())
    return {};
  return refuse(admission, who + " can not create pods that reference other objects");
}

Result<void> restrict_pod(const Admission& admission, const std::string& node) {
  const Request& request = admission.request;
  const std::string who = "node " + quote(node);
  if (request.subresource.empty() && admission.verb == Verb::kCreate) return restrict_mirror_pod(admission, node);
  if (request.subresource.empty() && admission.verb == Verb::kUpdate) {
    return refuse(admission, "unexpected operation \"UPDATE\", " + who + " can only create and delete mirror pods");
  }
  TRY(const Stored stored, admission.core.registry.get(*request.kind, request.ns, request.name));
  const auto& pod = static_cast<const corev1::Pod&>(*stored.object);
  const bool is_own = pod.spec().nodename() == node;
  if (request.subresource.empty() && !is_own) return refuse(admission, who + " can only delete pods with spec.nodeName set to itself");
  if (request.subresource == "eviction" && !is_own) {
    return refuse(admission, "node " + node + " can only evict pods with spec.nodeName set to itself");
  }
  if (request.subresource != "status") return {};
  if (!is_own) return refuse(admission, who + " can only update pod status for pods with spec.nodeName set to itself");
  const auto& labels = meta(*admission.object).labels();
  const auto& old_labels = pod.metadata().labels();
  const bool same = labels.size() == old_labels.size() && std::ranges::all_of(labels, [&](const auto& label) {
                      const auto old = old_labels.find(label.first);
                      return old != old_labels.end() && old->second == label.second;
                    });
  if (!same) return refuse(admission, who + " cannot update labels through pod status");
  return {};
}

Result<void> restrict_token(const Admission& admission, const std::string& node) {
  if (admission.request.subresource != "token") return {};
  const auto& reference = static_cast<const authenticationv1::TokenRequest&>(*admission.object).spec().boundobjectref();
  if (reference.apiversion() != "v1" || reference.kind() != "Pod" || reference.name().empty()) {
    return refuse(admission, "node requested token not bound to a pod");
  }
  if (reference.uid().empty()) return refuse(admission, "node requested token with a pod binding without a uid");
  TRY(const Stored stored, admission.core.registry.get(kind_of<corev1::Pod>(), admission.request.ns, reference.name()));
  const auto& pod = static_cast<const corev1::Pod&>(*stored.object);
  if (pod.metadata().uid() != reference.uid()) {
    return refuse(admission, "the UID in the bound object reference (" + reference.uid() +
                                 ") does not match the UID in record. The object might have been deleted and then recreated");
  }
  if (pod.spec().nodename() != node) return refuse(admission, "node requested token bound to a pod scheduled on a different node");
  return {};
}

Result<void> restrict_named(const Admission& admission, const std::string& node, std::string_view what) {
  const std::string& name = admission.verb == Verb::kCreate ? meta(*admission.object).name() : admission.request.name;
  if (name == node) return {};
  return refuse(admission, "can only access " + std::string(what) + " with the same name as the requesting node");
}

}  // namespace

Result<void> restrict_node(const Admission& admission) {
  const auto node = node_of(admission.request.user);
  if (!node) return {};
  if (node->empty()) return refuse(admission, "could not determine node from user " + quote(admission.request.user.name));
  const Kind* kind = admission.request.kind;
  if (kind == &kind_of<corev1::Pod>()) return restrict_pod(admission, *node);
  if (kind == &kind_of<corev1::Node>()) return restrict_node_object(admission, *node);
  if (kind == &kind_of<corev1::ServiceAccount>()) return restrict_token(admission, *node);
  if (kind == &kind_of<corev1::PersistentVolumeClaim>() && admission.request.subresource != "status") {
    return refuse(admission, "may only update PVC status");
  }
  if (kind == &kind_of<storagev1::CSINode>()) return restrict_named(admission, *node, "CSINode");
  if (kind != &kind_of<coordinationv1::Lease>()) return {};
  if (admission.request.ns != kLeaseNamespace)
    return refuse(admission, "can only access leases in the \"kube-node-lease\" system namespace");
  return restrict_named(admission, *node, "node lease");
}

}  // namespace stint
