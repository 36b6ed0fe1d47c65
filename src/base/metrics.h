// What a process counts, as text in the format of Prometheus. A registry is made by whoever wires the parts and handed to them, so nothing
// is global and a test has its own. An observation is an addition through a reference that the part keeps: no lock, no look-up. Loop thread
// only.
#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace stint {

class Counter {
 public:
  void add(double amount = 1) { value_ += amount; }
  // For a count that somebody else keeps.
  void raise_to(double total) { value_ = total > value_ ? total : value_; }
  double value() const { return value_; }

 private:
  double value_ = 0;
};

class Gauge {
 public:
  void set(double value) { value_ = value; }
  void add(double amount) { value_ += amount; }
  double value() const { return value_; }

 private:
  double value_ = 0;
};

class Histogram {
 public:
  // Upper bounds, ascending; what lies above the last is counted too.
  explicit Histogram(const std::vector<double>& bounds) : bounds_(&bounds), counts_(bounds.size() + 1) {}
  void observe(double value);
  uint64_t count() const { return count_; }
  double sum() const { return sum_; }
  uint64_t at_most(size_t bound) const;  // cumulative, by position of the bound

 private:
  const std::vector<double>* bounds_;  // the family's
  std::vector<uint64_t> counts_;       // not cumulative
  uint64_t count_ = 0;
  double sum_ = 0;
};

// `count` bounds, each `factor` times the one before.
std::vector<double> exponential_bounds(double first, double factor, int count);

// All series of one name.
class MetricFamily {
 public:
  // A label whose values come from users could make any number of series: past this many the rest is one series, whose labels all read
  // "other".
  static constexpr size_t kSeriesMax = 1000;

  virtual ~MetricFamily() = default;
  virtual void append_text(std::string& out) const = 0;

 protected:
  MetricFamily(std::string name, std::string help, std::vector<std::string> labels)
      : name_(std::move(name)), help_(std::move(help)), labels_(std::move(labels)) {}

  void append_head(std::string& out, std::string_view type) const;
  // name_suffix{label="value",extra} value
  void append_line(std::string& out, std::string_view suffix, const std::vector<std::string>& values, std::string_view extra,
                   double value) const;

  const std::string name_, help_;
  const std::vector<std::string> labels_;
};

template <class T>
class Family : public MetricFamily {
 public:
  Family(std::string name, std::string help, std::vector<std::string> labels, std::vector<double> bounds = {})
      : MetricFamily(std::move(name), std::move(help), std::move(labels)), bounds_(std::move(bounds)) {}

  // The series with these values, in the order of the labels' names. The reference is good as long as the registry.
  // REQUIRES: one value a label.
  T& with(std::initializer_list<std::string_view> values) { return at({values.begin(), values.end()}); }
  void append_text(std::string& out) const override;

 private:
  T& at(std::vector<std::string> values);

  const std::vector<double> bounds_;
  std::map<std::vector<std::string>, T> series_;
};

class Metrics {
 public:
  // The family of that name, made when first asked for. REQUIRES: always the same type and labels for a name.
  Family<Counter>& counters(std::string name, std::string help, std::vector<std::string> labels = {});
  Family<Gauge>& gauges(std::string name, std::string help, std::vector<std::string> labels = {});
  Family<Histogram>& histograms(std::string name, std::string help, std::vector<double> bounds, std::vector<std::string> labels = {});

  // `refresh` runs before each text() for as long as the handle lives: for what is looked up rather than counted.
  using Handle = std::shared_ptr<const std::function<void()>>;
  [[nodiscard]] Handle before_text(std::function<void()> refresh);

  // All families by name, text/plain; version=0.0.4. A family without series is left out.
  std::string text();

 private:
  template <class T, class... Bounds>
  Family<T>& family(std::string name, std::string help, std::vector<std::string> labels, Bounds... bounds);

  std::map<std::string, std::unique_ptr<MetricFamily>, std::less<>> families_;
  std::vector<std::weak_ptr<const std::function<void()>>> refreshes_;
};

}  // namespace stint
