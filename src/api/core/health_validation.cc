// Probes and lifecycle hooks.
#include <algorithm>
#include <utility>

#include "api/core/pod_validation.h"
#include "api/names.h"

namespace stint::core {
namespace {

constexpr std::string_view kSchemes[] = {"HTTP", "HTTPS"};
constexpr std::string_view kOneHandler = "may not specify more than 1 handler type";

void validate_port(const intstr::IntOrString& port, const FieldPath& path, FieldErrors& errors) {
  if (port.type() == 0) {
    add_faults(port_number_faults(port.intval()), path, shown(port.intval()), errors);
  } else {
    add_faults(port_name_faults(port.strval()), path, quote(port.strval()), errors);
  }
}

void validate_http_get(const corev1::HTTPGetAction& action, const FieldPath& path, FieldErrors& errors) {
  if (action.path().empty()) errors.required(path / "path");
  validate_port(action.port(), path / "port", errors);
  if (std::ranges::find(kSchemes, action.scheme()) == std::end(kSchemes)) errors.not_supported(path / "scheme", action.scheme(), kSchemes);
  for (const corev1::HTTPHeader& header : action.httpheaders()) {
    add_faults(http_header_name_faults(header.name()), path / "httpHeaders", quote(header.name()), errors);
  }
}

// Counts the kinds of handler; the first is checked, more are refused.
class HandlerCheck {
 public:
  HandlerCheck(const FieldPath& path, FieldErrors& errors) : path_(path), errors_(errors) {}

  // True: this one is the first and is to be checked.
  bool is_first(bool is_set, std::string_view name) {
    if (!is_set) return false;
    if (found_) errors_.forbidden(path_ / name, kOneHandler);
    return !std::exchange(found_, true);
  }
  void finish() {
    if (!found_) errors_.required(path_, "must specify a handler type");
  }

 private:
  const FieldPath& path_;
  FieldErrors& errors_;
  bool found_ = false;
};

// What probes and hooks have in common.
template <class Handler>
void validate_shared_handlers(const Handler& handler, HandlerCheck& check, const FieldPath& path, FieldErrors& errors) {
  if (check.is_first(handler.has_exec(), "exec") && handler.exec().command().empty()) errors.required(path / "exec" / "command");
  if (check.is_first(handler.has_httpget(), "httpGet")) validate_http_get(handler.httpget(), path / "httpGet", errors);
  if (check.is_first(handler.has_tcpsocket(), "tcpSocket")) validate_port(handler.tcpsocket().port(), path / "tcpSocket" / "port", errors);
}

void validate_probe(const corev1::Probe& probe, const FieldPath& path, FieldErrors& errors) {
  HandlerCheck check(path, errors);
  validate_shared_handlers(probe.handler(), check, path, errors);
  if (check.is_first(probe.handler().has_grpc(), "grpc")) {
    add_faults(port_number_faults(probe.handler().grpc().port()), path / "grpc" / "port", shown(probe.handler().grpc().port()), errors);
  }
  check.finish();
  auto non_negative = [&](int32_t value, std::string_view name) {
    if (value < 0) errors.invalid(path / name, shown(value), "must be greater than or equal to 0");
  };
  non_negative(probe.initialdelayseconds(), "initialDelaySeconds");
  non_negative(probe.timeoutseconds(), "timeoutSeconds");
  non_negative(probe.periodseconds(), "periodSeconds");
  non_negative(probe.successthreshold(), "successThreshold");
  non_negative(probe.failurethreshold(), "failureThreshold");
  if (probe.has_terminationgraceperiodseconds() && probe.terminationgraceperiodseconds() <= 0) {
    errors.invalid(path / "terminationGracePeriodSeconds", shown(probe.terminationgraceperiodseconds()), "must be greater than 0");
  }
}

// Those whose failure kills the container.
void validate_killing_probe(bool is_set, const corev1::Probe& probe, const FieldPath& path, FieldErrors& errors) {
  if (!is_set) return;
  validate_probe(probe, path, errors);
  if (probe.successthreshold() != 1) errors.invalid(path / "successThreshold", shown(probe.successthreshold()), "must be 1");
}

void validate_hook(bool is_set, const corev1::LifecycleHandler& hook, int64_t grace_seconds, const FieldPath& path, FieldErrors& errors) {
  if (!is_set) return;
  HandlerCheck check(path, errors);
  validate_shared_handlers(hook, check, path, errors);
  if (check.is_first(hook.has_sleep(), "sleep") && (hook.sleep().seconds() < 0 || hook.sleep().seconds() > grace_seconds)) {
    errors.invalid(path / "sleep", shown(hook.sleep().seconds()),
                   "must be non-negative and less than terminationGracePeriodSeconds (" + shown(grace_seconds) + ")");
  }
  check.finish();
}

}  // namespace

void validate_health(const corev1::Container& container, const corev1::PodSpec& spec, const FieldPath& path, FieldErrors& errors) {
  const corev1::Lifecycle& lifecycle = container.lifecycle();
  int64_t grace = spec.terminationgraceperiodseconds();
  validate_hook(lifecycle.has_poststart(), lifecycle.poststart(), grace, path / "lifecycle" / "postStart", errors);
  validate_hook(lifecycle.has_prestop(), lifecycle.prestop(), grace, path / "lifecycle" / "preStop", errors);
  validate_killing_probe(container.has_livenessprobe(), container.livenessprobe(), path / "livenessProbe", errors);
  validate_killing_probe(container.has_startupprobe(), container.startupprobe(), path / "startupProbe", errors);
  if (!container.has_readinessprobe()) return;
  validate_probe(container.readinessprobe(), path / "readinessProbe", errors);
  if (container.readinessprobe().has_terminationgraceperiodseconds()) {
    errors.invalid(path / "readinessProbe" / "terminationGracePeriodSeconds",
                   shown(container.readinessprobe().terminationgraceperiodseconds()), "must not be set for readinessProbes");
  }
}

}  // namespace stint::core
