#include "api/core/limit_checks.h"

#include <fmt/core.h>

#include "api/core/amounts.h"
#include "api/quantity.h"

namespace stint::core {
namespace {

constexpr const char* kAnnotation = "kubernetes.io/limit-ranger";

struct Defaults {
  Amounts requests, limits;
};

Defaults defaults_of(const corev1::LimitRange& range) {
  Defaults defaults;
  for (const corev1::LimitRangeItem& item : range.spec().limits()) {
    if (item.type() != "Container") continue;
    for (auto& [name, amount] : amounts_of(item.defaultrequest())) defaults.requests[name] = amount;
    for (auto& [name, amount] : amounts_of(item.default_())) defaults.limits[name] = amount;
  }
  return defaults;
}

// The names that were missing, comma-joined.
std::string fill_in(const Amounts& defaults, ResourceList& list) {
  std::string filled;
  for (const auto& [name, amount] : defaults) {
    if (list.contains(name)) continue;
    list[name].set_string(amount);
    filled += (filled.empty() ? "" : ", ") + name;
  }
  return filled;
}

void apply(const Defaults& defaults, corev1::Container& container, std::string_view what, std::string& note) {
  const auto tell = [&](const std::string& names, std::string_view asked) {
    if (names.empty()) return;
    if (!note.empty()) note += "; ";
    note += names + " " + std::string(asked) + " for " + std::string(what) + " " + container.name();
  };
  if (defaults.requests.empty() && defaults.limits.empty()) return;
  corev1::ResourceRequirements& resources = *container.mutable_resources();
  const std::string limits = fill_in(defaults.limits, *resources.mutable_limits());
  tell(fill_in(defaults.requests, *resources.mutable_requests()), "request");
  tell(limits, "limit");
}

// One bound of one resource, and what is asked of that.
struct Check {
  std::string_view type;
  const std::string& resource;
  const std::string& bound;
  const std::string* request;  // null: not given
  const std::string* limit;

  std::string about(std::string_view bound_name) const {
    return std::string(bound_name) + " " + resource + " usage per " + std::string(type) + " is " + bound;
  }
};

const std::string* find(const Amounts& amounts, const std::string& name) {
  const auto found = amounts.find(name);
  return found == amounts.end() ? nullptr : &found->second;
}

std::string minimum_fault(const Check& check) {
  if (check.request == nullptr) return check.about("minimum") + ".  No request is specified";
  if (compare_quantities(*check.request, check.bound) < 0) return check.about("minimum") + ", but request is " + *check.request;
  if (check.limit != nullptr && compare_quantities(*check.limit, check.bound) < 0) {
    return check.about("minimum") + ", but limit is " + *check.limit;
  }
  return "";
}

std::string maximum_fault(const Check& check) {
  if (check.limit == nullptr) return check.about("maximum") + ".  No limit is specified";
  if (compare_quantities(*check.limit, check.bound) > 0) return check.about("maximum") + ", but limit is " + *check.limit;
  if (check.request != nullptr && compare_quantities(*check.request, check.bound) > 0) {
    return check.about("maximum") + ", but request is " + *check.request;
  }
  return "";
}

std::string maximum_request_fault(const Check& check) {
  if (check.request == nullptr) return check.about("maximum") + ".  No request is specified";
  if (compare_quantities(*check.request, check.bound) > 0) return check.about("maximum") + ", but request is " + *check.request;
  return "";
}

std::string ratio_fault(const Check& check) {
  const std::string about = check.resource + " max limit to request ratio per " + std::string(check.type) + " is " + check.bound;
  const auto is_zero = [](const std::string* amount) { return amount == nullptr || compare_quantities(*amount, "0") == 0; };
  if (is_zero(check.request)) return about + ", but no request is specified or request is 0";
  if (is_zero(check.limit)) return about + ", but no limit is specified or limit is 0";
  const auto number = [](const std::string& amount) { return static_cast<double>(quantity_milli_value(amount).value_or(0)); };
  const double ratio = number(*check.limit) / number(*check.request);
  if (ratio * 1000 <= number(check.bound)) return "";
  return about + fmt::format(", but provided ratio is {:f}", ratio);
}

void check_bounds(const ResourceList& bounds, std::string_view type, const Amounts& requests, const Amounts& limits,
                  std::string (*fault_of)(const Check&), std::vector<std::string>& faults) {
  for (const auto& [name, bound] : amounts_of(bounds)) {
    std::string fault = fault_of({type, name, bound, find(requests, name), find(limits, name)});
    if (!fault.empty()) faults.push_back(std::move(fault));
  }
}

void check_item(const corev1::LimitRangeItem& item, const Amounts& requests, const Amounts& limits, std::vector<std::string>& faults) {
  check_bounds(item.min(), item.type(), requests, limits, minimum_fault, faults);
  check_bounds(item.max(), item.type(), requests, limits, maximum_fault, faults);
  check_bounds(item.maxlimitrequestratio(), item.type(), requests, limits, ratio_fault, faults);
}

}  // namespace

void apply_limit_defaults(const corev1::LimitRange& range, corev1::Pod& pod) {
  const Defaults defaults = defaults_of(range);
  std::string note;
  for (corev1::Container& container : *pod.mutable_spec()->mutable_containers()) apply(defaults, container, "container", note);
  for (corev1::Container& container : *pod.mutable_spec()->mutable_initcontainers()) apply(defaults, container, "init container", note);
  if (!note.empty()) (*pod.mutable_metadata()->mutable_annotations())[kAnnotation] = "LimitRanger plugin set: " + note;
}

std::vector<std::string> limit_faults(const corev1::LimitRange& range, const corev1::PodSpec& spec) {
  std::vector<std::string> faults;
  for (const corev1::LimitRangeItem& item : range.spec().limits()) {
    if (item.type() == "Container") {
      for (const auto* containers : {&spec.containers(), &spec.initcontainers()}) {
        for (const corev1::Container& container : *containers) {
          check_item(item, amounts_of(container.resources().requests()), amounts_of(container.resources().limits()), faults);
        }
      }
    } else if (item.type() == "Pod") {
      check_item(item, pod_amounts(spec, Asked::kRequests), pod_amounts(spec, Asked::kLimits), faults);
    }
  }
  return faults;
}

std::vector<std::string> limit_faults(const corev1::LimitRange& range, const corev1::PersistentVolumeClaimSpec& spec) {
  std::vector<std::string> faults;
  const Amounts requests = amounts_of(spec.resources().requests());
  for (const corev1::LimitRangeItem& item : range.spec().limits()) {
    if (item.type() != "PersistentVolumeClaim") continue;
    check_bounds(item.min(), item.type(), requests, {}, minimum_fault, faults);
    check_bounds(item.max(), item.type(), requests, {}, maximum_request_fault, faults);
  }
  return faults;
}

}  // namespace stint::core
