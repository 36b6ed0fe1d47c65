#include "server/rest/request_metrics.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

namespace stint::rest {
namespace {

std::string upper_verb(std::string_view verb) {
  // Metrics name the method where there is one for the verb.
  if (verb == "create") return "POST";
  if (verb == "update") return "PUT";
  std::string out(verb);
  for (char& c : out) c = (c >= 'a' && c <= 'z') ? static_cast<char>(c - 32) : c;
  return out;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// 0 where /proc is not mounted.
long resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  long size_pages = 0, resident_pages = 0;
  statm >> size_pages >> resident_pages;
  return resident_pages * sysconf(_SC_PAGESIZE);
}

void append_family(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

}  // namespace

void RequestMetrics::count(std::string_view verb, std::string_view resource, int code, Duration took) {
  std::string name = upper_verb(verb);
  ++totals_[{name, std::string(resource), code}];
  if (name == "WATCH") return;  // how long a watch stays open says nothing about speed
  Latency& latency = latencies_[{name, std::string(resource)}];
  double seconds = std::chrono::duration<double>(took).count();
  for (size_t i = 0; i < kBucketSeconds.size(); ++i) latency.buckets[i] += seconds <= kBucketSeconds[i] ? 1 : 0;
  ++latency.count;
  latency.sum_seconds += seconds;
}

std::string RequestMetrics::text(const AuditLog* audit_log) const {
  std::string out;
  append_family(out, "apiserver_request_total", "counter", "Requests answered, by verb, resource and HTTP code.");
  for (const auto& [key, total] : totals_) {
    out += fmt::format("apiserver_request_total{{code=\"{}\",resource=\"{}\",verb=\"{}\"}} {}\n", std::get<2>(key), std::get<1>(key),
                       std::get<0>(key), total);
  }
  constexpr std::string_view kLatency = "apiserver_request_duration_seconds";
  append_family(out, kLatency, "histogram", "Time from a request's arrival to its answer, by verb and resource.");
  for (const auto& [key, latency] : latencies_) {
    std::string labels = fmt::format("resource=\"{}\",verb=\"{}\"", key.second, key.first);
    for (size_t i = 0; i < kBucketSeconds.size(); ++i) {
      out += fmt::format("{}_bucket{{{},le=\"{}\"}} {}\n", kLatency, labels, kBucketSeconds[i], latency.buckets[i]);
    }
    out += fmt::format("{}_bucket{{{},le=\"+Inf\"}} {}\n", kLatency, labels, latency.count);
    out += fmt::format("{}_sum{{{}}} {}\n{}_count{{{}}} {}\n", kLatency, labels, latency.sum_seconds, kLatency, labels, latency.count);
  }
  if (audit_log != nullptr) {
    append_family(out, "apiserver_audit_event_total", "counter", "Lines written to the audit log.");
    out += fmt::format("apiserver_audit_event_total {}\n", audit_log->written());
    append_family(out, "apiserver_audit_error_total", "counter", "Lines of the audit log that were lost.");
    out += fmt::format("apiserver_audit_error_total{{plugin=\"log\"}} {}\n", audit_log->lost());
  }
  append_family(out, "process_cpu_seconds_total", "counter", "User and system time this process has used.");
  out += fmt::format("process_cpu_seconds_total {}\n", cpu_seconds());
  append_family(out, "process_resident_memory_bytes", "gauge", "Memory of this process that is in RAM.");
  out += fmt::format("process_resident_memory_bytes {}\n", resident_bytes());
  return out;
}

}  // namespace stint::rest
