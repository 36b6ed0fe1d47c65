// Kinds that stint does not run: none of them can be made here. They are listed, always empty, since clients that look through an API or
// watch it whole (kubectl apply --prune, upstream's controllers and scheduler, the conformance tests) expect to find them. Rows for
// api/kinds.cc.
#pragma once

#include "api/kind.h"

namespace stint {

extern const Rules kAbsentRules, kAbsentOfNodeRules;

enum class Scope { kCluster, kNamespace };

constexpr Kind absent(Scope scope, std::string_view group, std::string_view version, std::string_view kind, std::string_view plural,
                      std::string_view singular, std::string_view short_names, const google::protobuf::Descriptor* (*descriptor)()) {
  return {.group = group,
          .version = version,
          .kind = kind,
          .plural = plural,
          .singular = singular,
          .namespaced = scope == Scope::kNamespace,
          .short_names = short_names,
          .verbs = "get,list,watch",
          .descriptor = descriptor,
          .storage_resource = plural,
          .rules = &kAbsentRules,
          .absent = true};
}

// Its schema is declared whole, and what is sent is checked against it before it is refused.
constexpr Kind absent_deployment() {
  Kind kind = absent(Scope::kNamespace, "apps", "v1", "Deployment", "deployments", "deployment", "deploy", appsv1::Deployment::descriptor);
  kind.verbs = "create,get,list,watch";
  return kind;
}

// One that a kubelet lists, and clears at its start, as far as it is of its node.
constexpr Kind absent_of_node(Scope scope, std::string_view group, std::string_view kind, std::string_view plural,
                              std::string_view singular, const google::protobuf::Descriptor* (*descriptor)()) {
  Kind made = absent(scope, group, "v1", kind, plural, singular, "", descriptor);
  made.verbs = "deletecollection,get,list,watch";
  made.rules = &kAbsentOfNodeRules;
  return made;
}

inline constexpr std::string_view kAdmissionGroup = "admissionregistration.k8s.io", kResourceGroup = "resource.k8s.io",
                                  kNetworkingGroup = "networking.k8s.io", kStorageGroup = "storage.k8s.io";

// clang-format off
inline constexpr Kind kAbsentKinds[] = {
    absent(Scope::kNamespace, "", "v1", "Endpoints", "endpoints", "endpoints", "ep", corev1::Endpoints::descriptor),
    absent(Scope::kNamespace, "", "v1", "ReplicationController", "replicationcontrollers", "replicationcontroller", "rc", corev1::ReplicationController::descriptor),
    absent(Scope::kCluster, "apiregistration.k8s.io", "v1", "APIService", "apiservices", "apiservice", "", apiregistrationv1::APIService::descriptor),
    absent(Scope::kNamespace, "apps", "v1", "ControllerRevision", "controllerrevisions", "controllerrevision", "", appsv1::ControllerRevision::descriptor),
    absent(Scope::kNamespace, "apps", "v1", "DaemonSet", "daemonsets", "daemonset", "ds", appsv1::DaemonSet::descriptor),
    absent_deployment(),
    absent(Scope::kNamespace, "apps", "v1", "ReplicaSet", "replicasets", "replicaset", "rs", appsv1::ReplicaSet::descriptor),
    absent(Scope::kNamespace, "apps", "v1", "StatefulSet", "statefulsets", "statefulset", "sts", appsv1::StatefulSet::descriptor),
    absent(Scope::kNamespace, "autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "horizontalpodautoscaler", "hpa", autoscalingv2::HorizontalPodAutoscaler::descriptor),
    absent(Scope::kNamespace, "autoscaling", "v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "horizontalpodautoscaler", "hpa", autoscalingv1::HorizontalPodAutoscaler::descriptor),
    absent(Scope::kCluster, "certificates.k8s.io", "v1", "CertificateSigningRequest", "certificatesigningrequests", "certificatesigningrequest", "csr", certificatesv1::CertificateSigningRequest::descriptor),
    absent_of_node(Scope::kNamespace, "certificates.k8s.io", "PodCertificateRequest", "podcertificaterequests", "podcertificaterequest", certificatesv1::PodCertificateRequest::descriptor),
    absent(Scope::kNamespace, kNetworkingGroup, "v1", "Ingress", "ingresses", "ingress", "ing", networkingv1::Ingress::descriptor),
    absent(Scope::kCluster, kNetworkingGroup, "v1", "IngressClass", "ingressclasses", "ingressclass", "", networkingv1::IngressClass::descriptor),
    absent(Scope::kCluster, kNetworkingGroup, "v1", "IPAddress", "ipaddresses", "ipaddress", "ip", networkingv1::IPAddress::descriptor),
    absent(Scope::kNamespace, kNetworkingGroup, "v1", "NetworkPolicy", "networkpolicies", "networkpolicy", "netpol", networkingv1::NetworkPolicy::descriptor),
    absent(Scope::kCluster, kNetworkingGroup, "v1", "ServiceCIDR", "servicecidrs", "servicecidr", "", networkingv1::ServiceCIDR::descriptor),
    absent(Scope::kCluster, kStorageGroup, "v1", "CSIDriver", "csidrivers", "csidriver", "", storagev1::CSIDriver::descriptor),
    absent(Scope::kNamespace, kStorageGroup, "v1", "CSIStorageCapacity", "csistoragecapacities", "csistoragecapacity", "", storagev1::CSIStorageCapacity::descriptor),
    absent(Scope::kCluster, kStorageGroup, "v1", "VolumeAttachment", "volumeattachments", "volumeattachment", "", storagev1::VolumeAttachment::descriptor),
    absent(Scope::kCluster, kStorageGroup, "v1", "VolumeAttributesClass", "volumeattributesclasses", "volumeattributesclass", "vac", storagev1::VolumeAttributesClass::descriptor),
    absent(Scope::kCluster, kAdmissionGroup, "v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", "mutatingwebhookconfiguration", "", admissionregistrationv1::MutatingWebhookConfiguration::descriptor),
    absent(Scope::kCluster, kAdmissionGroup, "v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies", "validatingadmissionpolicy", "", admissionregistrationv1::ValidatingAdmissionPolicy::descriptor),
    absent(Scope::kCluster, kAdmissionGroup, "v1", "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", "validatingadmissionpolicybinding", "", admissionregistrationv1::ValidatingAdmissionPolicyBinding::descriptor),
    absent(Scope::kCluster, kAdmissionGroup, "v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", "validatingwebhookconfiguration", "", admissionregistrationv1::ValidatingWebhookConfiguration::descriptor),
    absent(Scope::kCluster, "apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", "customresourcedefinition", "crd,crds", apiextensionsv1::CustomResourceDefinition::descriptor),
    absent(Scope::kCluster, "node.k8s.io", "v1", "RuntimeClass", "runtimeclasses", "runtimeclass", "", nodev1::RuntimeClass::descriptor),
    absent(Scope::kNamespace, "discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", "endpointslice", "", discoveryv1::EndpointSlice::descriptor),
    absent(Scope::kCluster, kResourceGroup, "v1", "DeviceClass", "deviceclasses", "deviceclass", "", dynamicv1::DeviceClass::descriptor),
    absent(Scope::kCluster, kResourceGroup, "v1", "DeviceTaintRule", "devicetaintrules", "devicetaintrule", "", dynamicv1::DeviceTaintRule::descriptor),
    absent(Scope::kNamespace, kResourceGroup, "v1", "ResourceClaim", "resourceclaims", "resourceclaim", "", dynamicv1::ResourceClaim::descriptor),
    absent(Scope::kNamespace, kResourceGroup, "v1", "ResourceClaimTemplate", "resourceclaimtemplates", "resourceclaimtemplate", "", dynamicv1::ResourceClaimTemplate::descriptor),
    absent_of_node(Scope::kCluster, kResourceGroup, "ResourceSlice", "resourceslices", "resourceslice", dynamicv1::ResourceSlice::descriptor),
    absent(Scope::kCluster, "storagemigration.k8s.io", "v1", "StorageVersionMigration", "storageversionmigrations", "storageversionmigration", "", storagemigrationv1::StorageVersionMigration::descriptor),
};
// clang-format on

}  // namespace stint
