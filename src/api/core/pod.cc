// Pod. Source: upstream's pkg/registry/core/pod/strategy.go.
#include "api/core/pod_spec.h"
#include "api/core/pod_table.h"
#include "api/core/pod_validation.h"
#include "api/core/rules.h"

namespace stint::core {
namespace {

void prepare_create(Message& object) {
  auto& pod = static_cast<corev1::Pod&>(object);
  pod.mutable_metadata()->set_generation(1);
  pod.clear_status();
  drop_disabled_fields(*pod.mutable_spec());
  apply_label_keys(pod);
  set_pod_level_defaults(*pod.mutable_spec());
  corev1::PodStatus& status = *pod.mutable_status();
  status.set_phase("Pending");
  status.set_qosclass(std::string(qos_class(pod.spec())));
  // Admission may have chosen the account after the defaults were set.
  pod.mutable_spec()->set_serviceaccount(pod.spec().serviceaccountname());
  if (pod.spec().schedulinggates().empty()) return;
  corev1::PodCondition& gated = *status.add_conditions();
  gated.set_type("PodScheduled");
  gated.set_status("False");
  gated.set_reason("SchedulingGated");
  gated.set_message("Scheduling is blocked due to non-empty scheduling gates");
  *gated.mutable_lasttransitiontime() = pod.metadata().creationtimestamp();
}

void prepare_update(Message& next, const Message& old) {
  *static_cast<corev1::Pod&>(next).mutable_status() = static_cast<const corev1::Pod&>(old).status();
}

// The status endpoint leaves ownership alone, and the class given at creation stays.
void prepare_status_update(Message& next_object, const Message& old_object) {
  auto& next = static_cast<corev1::Pod&>(next_object);
  const auto& old = static_cast<const corev1::Pod&>(old_object);
  *next.mutable_spec() = old.spec();
  *next.mutable_metadata()->mutable_ownerreferences() = old.metadata().ownerreferences();
  if (next.status().qosclass().empty()) next.mutable_status()->set_qosclass(old.status().qosclass());
}

const corev1::Pod& as_pod(const Message& object) { return static_cast<const corev1::Pod&>(object); }

constexpr SelectableField kFields[] = {
    {"spec.nodeName", [](const Message& o) { return as_pod(o).spec().nodename(); }},
    {"spec.host", [](const Message& o) { return as_pod(o).spec().nodename(); }},
    {"spec.restartPolicy", [](const Message& o) { return as_pod(o).spec().restartpolicy(); }},
    {"spec.schedulerName", [](const Message& o) { return as_pod(o).spec().schedulername(); }},
    {"spec.serviceAccountName", [](const Message& o) { return as_pod(o).spec().serviceaccountname(); }},
    {"spec.hostNetwork", [](const Message& o) { return std::string(as_pod(o).spec().hostnetwork() ? "true" : "false"); }},
    {"status.phase", [](const Message& o) { return as_pod(o).status().phase(); }},
    {"status.podIP", [](const Message& o) { return as_pod(o).status().podip(); }},
    // Known and never indexed upstream: matches only the empty value.
    {"status.podIPs", [](const Message&) { return std::string(); }},
    {"status.nominatedNodeName", [](const Message& o) { return as_pod(o).status().nominatednodename(); }},
};

}  // namespace

constinit const Rules kBindingRules = {};  // what it binds has some

constinit const Rules kPodRules = {
    .set_defaults = set_pod_defaults,
    .prepare_create = prepare_create,
    .prepare_update = prepare_update,
    .prepare_status_update = prepare_status_update,
    .validate = validate_pod,
    .validate_update = validate_pod_update,
    .validate_status = validate_pod_status,
    .warn = warn_pod,
    .columns = kPodColumns,
    .row = pod_row,
    .fields = kFields,
};

}  // namespace stint::core
