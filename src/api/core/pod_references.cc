#include "api/core/pod_references.h"

namespace stint {
namespace {

using google::protobuf::FieldDescriptor;

// `parent`: what holds the message. A reference by name alone means a Secret, unless a ConfigMap's source holds it.
void visit(const Message& message, std::string_view parent, PodReferences& out) {
  const std::string& type = message.GetDescriptor()->name();
  if (const auto* reference = dynamic_cast<const corev1::LocalObjectReference*>(&message)) {
    if (!reference->name().empty()) (parent.starts_with("ConfigMap") ? out.config_maps : out.secrets).insert(reference->name());
    return;
  }
  if (const auto* secret = dynamic_cast<const corev1::SecretVolumeSource*>(&message)) out.secrets.insert(secret->secretname());
  if (const auto* claim = dynamic_cast<const corev1::PersistentVolumeClaimVolumeSource*>(&message)) out.claims.insert(claim->claimname());
  std::vector<const FieldDescriptor*> fields;
  const auto* reflection = message.GetReflection();
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_map()) continue;
    if (!field->is_repeated()) {
      visit(reflection->GetMessage(message, field), type, out);
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) visit(reflection->GetRepeatedMessage(message, field, i), type, out);
  }
}

}  // namespace

PodReferences references_of(const corev1::Pod& pod) {
  PodReferences out;
  visit(pod.spec(), "", out);
  for (const corev1::Volume& volume : pod.spec().volumes()) {
    if (volume.volumesource().has_ephemeral()) out.claims.insert(pod.metadata().name() + "-" + volume.name());
  }
  return out;
}

}  // namespace stint
