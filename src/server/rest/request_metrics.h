// What is counted of requests, under upstream's names. Loop thread only.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/metrics.h"
#include "server/audit_log.h"

namespace stint::rest {

class RequestMetrics {
 public:
  // `audit_log` may be null. Both outlive this.
  RequestMetrics(Metrics& metrics, const AuditLog* audit_log);

  // `group`, `resource` and `subresource` are served ones, or "" for documents, so the number of series is bounded by the list of kinds.
  struct What {
    std::string_view verb, group, resource, subresource;
  };
  void count(const What& what, int code, Duration took);

  // A request being worked on, until the end of the value. Streams are none.
  class InFlight {
   public:
    explicit InFlight(Gauge& gauge) : gauge_(&gauge) { gauge.add(1); }
    InFlight(InFlight&& other) noexcept : gauge_(std::exchange(other.gauge_, nullptr)) {}
    InFlight& operator=(InFlight&&) = delete;
    ~InFlight() {
      if (gauge_ != nullptr) gauge_->add(-1);
    }

   private:
    Gauge* gauge_;
  };
  InFlight begin(std::string_view http_method);

 private:
  Family<Counter>& totals_;
  Family<Histogram>& latencies_;
  Gauge& reading_;
  Gauge& changing_;
  Metrics::Handle process_, audit_;
};

}  // namespace stint::rest
