// Admission: what the cluster adds to a write, or refuses, beyond the rules of its kind. An ordered list of steps. Loop thread only.
#pragma once

#include "server/pipeline.h"

namespace stint {

struct Admission {
  Core& core;
  const Request& request;
  Verb verb;                                     // kCreate, kUpdate or kDelete: a patch is an update
  Message* object;                               // may be changed; null for a delete
  const Message* old;                            // null for a create
  std::vector<std::string>* warnings = nullptr;  // for the client; null for a delete and where nobody may warn
};

// A pod that comes right after its namespace waits a second for the account that a controller makes there. (account_admission.cc)
Task<void> wait_for_default_account(Core& core, const Kind& kind, const std::string& ns, const Message& object);

// Runs the steps in order; the first refusal is the answer.
Result<void> admit(const Admission& admission);
// The steps that only look, at the object as it would be stored, once it is known to be valid.
Result<void> check_admitted(const Admission& admission);

// The pod of a write to the pod itself (not to a subresource), or null.
corev1::Pod* written_pod(const Admission& admission);

// The steps that have a file of their own.
Result<void> admit_limits(const Admission& admission);           // limit_ranges.cc
Result<void> check_limits(const Admission& admission);           // limit_ranges.cc
Result<void> admit_service_account(const Admission& admission);  // account_admission.cc
Result<void> admit_priority(const Admission& admission);         // priority.cc
Result<void> check_default_class(const Admission& admission);    // priority.cc
Result<void> admit_storage_class(const Admission& admission);    // storage_class.cc
Result<void> check_pod_security(const Admission& admission);     // pod_security.cc
Result<void> admit_runtime_class(const Admission& admission);    // runtime_class.cc
Result<void> check_overhead(const Admission& admission);         // runtime_class.cc
Result<void> forbid_escalation(const Admission& admission);      // escalation.cc
Result<void> restrict_node(const Admission& admission);          // node_restriction.cc

}  // namespace stint
