// What this server counts, as Prometheus text. Loop thread only.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "base/clock.h"
#include "server/audit_log.h"

namespace stint::rest {

class RequestMetrics {
 public:
  // `resource` is a served plural, "pods/log", or "" for documents, so the number of series is bounded by the list of kinds.
  void count(std::string_view verb, std::string_view resource, int code, Duration took);
  // `audit_log` may be null.
  std::string text(const AuditLog* audit_log) const;

 private:
  static constexpr std::array<double, 8> kBucketSeconds{0.005, 0.025, 0.1, 0.5, 1, 5, 30, 60};
  struct Latency {
    std::array<uint64_t, kBucketSeconds.size()> buckets{};
    uint64_t count = 0;
    double sum_seconds = 0;
  };
  std::map<std::tuple<std::string, std::string, int>, uint64_t> totals_;
  std::map<std::pair<std::string, std::string>, Latency> latencies_;
};

}  // namespace stint::rest
