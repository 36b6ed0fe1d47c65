#include "server/rest/request_metrics.h"

#include <vector>

#include "base/process_metrics.h"
#include "server/rest/request_info.h"

namespace stint::rest {
namespace {

// Upstream's.
const std::vector<double>& latency_bounds() {
  static const std::vector<double> bounds{0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1,  1.25, 1.5, 2,
                                          3,     4,     5,    6,   8,   10,  15,  20,  30, 45,   60};
  return bounds;
}

std::string upper_verb(std::string_view verb) {
  // Metrics name the method where there is one for the verb.
  if (verb == "create") return "POST";
  if (verb == "update") return "PUT";
  std::string out(verb);
  for (char& c : out) c = (c >= 'a' && c <= 'z') ? static_cast<char>(c - 32) : c;
  return out;
}

Metrics::Handle add_audit_metrics(Metrics& metrics, const AuditLog* audit_log) {
  if (audit_log == nullptr) return nullptr;
  Counter& written = metrics.counters("apiserver_audit_event_total", "Lines written to the audit log.").with({});
  Counter& lost = metrics.counters("apiserver_audit_error_total", "Lines of the audit log that were lost.", {"plugin"}).with({"log"});
  return metrics.before_text([&written, &lost, audit_log] {
    written.raise_to(static_cast<double>(audit_log->written()));
    lost.raise_to(static_cast<double>(audit_log->lost()));
  });
}

Gauge& in_flight(Metrics& metrics, std::string_view kind) {
  return metrics
      .gauges("apiserver_current_inflight_requests", "Requests being worked on now, watches and other streams aside.", {"request_kind"})
      .with({kind});
}

}  // namespace

RequestMetrics::RequestMetrics(Metrics& metrics, const AuditLog* audit_log)
    : totals_(metrics.counters("apiserver_request_total", "Requests answered, by what was asked for and the HTTP code of the answer.",
                               {"code", "group", "resource", "subresource", "verb"})),
      latencies_(metrics.histograms("apiserver_request_duration_seconds",
                                    "Time from a request's arrival to its answer, by verb and resource.", latency_bounds(),
                                    {"resource", "verb"})),
      reading_(in_flight(metrics, "readOnly")),
      changing_(in_flight(metrics, "mutating")),
      process_(add_process_metrics(metrics)),
      audit_(add_audit_metrics(metrics, audit_log)) {}

void RequestMetrics::count(const What& what, int code, Duration took) {
  const std::string verb = upper_verb(what.verb);
  totals_.with({std::to_string(code), what.group, what.resource, what.subresource, verb}).add();
  // How long a stream stays open says nothing about speed.
  if (verb == "WATCH" || what.subresource == "log" || is_pod_stream(what.subresource)) return;
  latencies_.with({what.resource, verb}).observe(std::chrono::duration<double>(took).count());
}

RequestMetrics::InFlight RequestMetrics::begin(std::string_view http_method) {
  const bool reads = http_method == "GET" || http_method == "HEAD";
  return InFlight(reads ? reading_ : changing_);
}

}  // namespace stint::rest
