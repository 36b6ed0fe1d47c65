#include "base/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace stint {
namespace {

std::string escaped(std::string_view text, bool quoted) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quoted) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
  return out;
}

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

}  // namespace

void Histogram::observe(double value) {
  ++counts_[static_cast<size_t>(std::ranges::lower_bound(*bounds_, value) - bounds_->begin())];
  ++count_;
  sum_ += value;
}

uint64_t Histogram::at_most(size_t bound) const {
  uint64_t total = 0;
  for (size_t i = 0; i <= bound; ++i) total += counts_[i];
  return total;
}

std::vector<double> exponential_bounds(double first, double factor, int count) {
  std::vector<double> bounds;
  for (double bound = first; count > 0; --count, bound *= factor) bounds.push_back(bound);
  return bounds;
}

void MetricFamily::append_head(std::string& out, std::string_view type) const {
  out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name_, escaped(help_, false), name_, type);
}

void MetricFamily::append_line(std::string& out, std::string_view suffix, const std::vector<std::string>& values, std::string_view extra,
                               double value) const {
  std::string labels;
  for (size_t i = 0; i < values.size(); ++i) labels += fmt::format("{}{}=\"{}\"", i == 0 ? "" : ",", labels_[i], escaped(values[i], true));
  if (!extra.empty()) labels += (labels.empty() ? "" : ",") + std::string(extra);
  if (!labels.empty()) labels = "{" + labels + "}";
  out += fmt::format("{}{}{} {}\n", name_, suffix, labels, number_text(value));
}

template <class T>
T& Family<T>::at(std::vector<std::string> values) {
  if (values.size() != labels_.size()) std::abort();
  auto found = series_.find(values);
  if (found != series_.end()) return found->second;
  if (series_.size() >= kSeriesMax) std::ranges::fill(values, "other");
  if constexpr (std::is_same_v<T, Histogram>) {
    return series_.try_emplace(std::move(values), bounds_).first->second;
  } else {
    return series_[std::move(values)];
  }
}

template <>
void Family<Counter>::append_text(std::string& out) const {
  if (!series_.empty()) append_head(out, "counter");
  for (const auto& [values, counter] : series_) append_line(out, "", values, "", counter.value());
}

template <>
void Family<Gauge>::append_text(std::string& out) const {
  if (!series_.empty()) append_head(out, "gauge");
  for (const auto& [values, gauge] : series_) append_line(out, "", values, "", gauge.value());
}

template <>
void Family<Histogram>::append_text(std::string& out) const {
  if (!series_.empty()) append_head(out, "histogram");
  for (const auto& [values, histogram] : series_) {
    for (size_t i = 0; i < bounds_.size(); ++i) {
      append_line(out, "_bucket", values, fmt::format("le=\"{}\"", number_text(bounds_[i])), static_cast<double>(histogram.at_most(i)));
    }
    append_line(out, "_bucket", values, "le=\"+Inf\"", static_cast<double>(histogram.count()));
    append_line(out, "_sum", values, "", histogram.sum());
    append_line(out, "_count", values, "", static_cast<double>(histogram.count()));
  }
}

template class Family<Counter>;
template class Family<Gauge>;
template class Family<Histogram>;

template <class T, class... Bounds>
Family<T>& Metrics::family(std::string name, std::string help, std::vector<std::string> labels, Bounds... bounds) {
  auto& held = families_[name];
  if (held == nullptr) held = std::make_unique<Family<T>>(std::move(name), std::move(help), std::move(labels), std::move(bounds)...);
  auto* family = dynamic_cast<Family<T>*>(held.get());
  if (family == nullptr) std::abort();
  return *family;
}

Family<Counter>& Metrics::counters(std::string name, std::string help, std::vector<std::string> labels) {
  return family<Counter>(std::move(name), std::move(help), std::move(labels));
}

Family<Gauge>& Metrics::gauges(std::string name, std::string help, std::vector<std::string> labels) {
  return family<Gauge>(std::move(name), std::move(help), std::move(labels));
}

Family<Histogram>& Metrics::histograms(std::string name, std::string help, std::vector<double> bounds, std::vector<std::string> labels) {
  return family<Histogram>(std::move(name), std::move(help), std::move(labels), std::move(bounds));
}

Metrics::Handle Metrics::before_text(std::function<void()> refresh) {
  auto handle = std::make_shared<const std::function<void()>>(std::move(refresh));
  refreshes_.push_back(handle);
  return handle;
}

std::string Metrics::text() {
  std::erase_if(refreshes_, [](const auto& refresh) { return refresh.expired(); });
  for (const auto& refresh : refreshes_) (*refresh.lock())();
  std::string out;
  for (const auto& [name, family] : families_) family->append_text(out);
  return out;
}

}  // namespace stint
