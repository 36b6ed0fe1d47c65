#include "server/usage_metrics.h"

#include "api/metrics/rules.h"
#include "server/errors.h"
#include "server/selection.h"

namespace stint {
namespace {

// Whom it measures.
const Kind& subject_of(const Kind& kind) { return kind.namespaced ? kind_of<corev1::Pod>() : kind_of<corev1::Node>(); }

// Null while nothing has been measured.
Object measured(const Core& core, const Kind& kind, const Message& subject) {
  if (core.usage == nullptr) return nullptr;
  if (kind.namespaced) {
    const auto usage = core.usage->pod_usage(meta(subject).uid());
    return usage ? Object(metrics::pod_metrics(kind, meta(subject), *usage)) : nullptr;
  }
  const auto usage = core.usage->node_usage(meta(subject).name());
  return usage ? Object(metrics::node_metrics(kind, meta(subject), *usage)) : nullptr;
}

// "podmetrics.metrics.k8s.io "ns/pod" not found", in metrics-server's words.
Error not_measured(const Request& request) {
  const bool pod = request.kind->namespaced;
  return {.reason = Reason::kNotFound,
          .message = std::string(pod ? "podmetrics" : "nodemetrics") + ".metrics.k8s.io " +
                     quote(pod ? request.ns + "/" + request.name : request.name) + " not found"};
}

}  // namespace

bool is_usage_metrics(const Kind& kind) { return kind.group == metrics::kGroup; }

Result<Answer> get_usage_metrics(Core& core, const Request& request) {
  TRY(const Stored stored, core.registry.get(subject_of(*request.kind), request.ns, request.name));
  Answer answer{.kind = request.kind, .object = measured(core, *request.kind, *stored.object)};
  if (answer.object == nullptr) return fail(not_measured(request));
  return answer;
}

Result<Answer> list_usage_metrics(Core& core, const Request& request) {
  Request of_subject;
  of_subject.kind = &subject_of(*request.kind);
  of_subject.ns = request.ns;
  of_subject.label_selector = request.label_selector;
  of_subject.field_selector = request.field_selector;
  TRY(const Selection selection, Selection::from(of_subject));
  TRY(const Range range, core.registry.store().range({.prefix = selection.prefix}));
  Answer answer{.kind = request.kind, .is_list = true};
  for (const Entry& entry : range.entries) {
    TRY(Object subject, core.registry.cache().decode(*selection.kind, entry.key, *entry.value, entry.mod_revision));
    if (!selection.matches(*subject)) continue;
    if (Object object = measured(core, *request.kind, *subject)) answer.items.push_back(std::move(object));
  }
  return answer;
}

}  // namespace stint
