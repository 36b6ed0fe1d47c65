// LimitRange. Source: upstream's pkg/apis/core/v1/defaults.go and validation/validation.go.
#include <algorithm>
#include <map>
#include <set>

#include "api/core/resource_names.h"
#include "api/core/rules.h"
#include "api/names.h"
#include "api/quantity.h"
#include "api/table_cells.h"

namespace stint::core {
namespace {

constexpr std::string_view kTypes[] = {"Pod", "Container", "PersistentVolumeClaim"};

corev1::LimitRange& as_range(Message& object) { return static_cast<corev1::LimitRange&>(object); }
const corev1::LimitRange& as_range(const Message& object) { return static_cast<const corev1::LimitRange&>(object); }

void fill_in(const ResourceList& from, ResourceList& to) {
  for (const auto& [name, quantity] : from) to.insert({name, quantity});
}

// A container that names no limit gets the largest, one that names no request its limit, or else the smallest.
void set_item_defaults(corev1::LimitRangeItem& item) {
  if (item.type() == "Container") {
    fill_in(item.max(), *item.mutable_default_());
    fill_in(item.default_(), *item.mutable_defaultrequest());
    fill_in(item.min(), *item.mutable_defaultrequest());
  }
  for (ResourceList* list : {item.mutable_max(), item.mutable_min(), item.mutable_default_(), item.mutable_defaultrequest(),
                             item.mutable_maxlimitrequestratio()}) {
    round_to_milli(*list);
  }
}

void set_defaults(Message& object) {
  for (corev1::LimitRangeItem& item : *as_range(object).mutable_spec()->mutable_limits()) set_item_defaults(item);
}

void validate_type(const std::string& type, const FieldPath& path, FieldErrors& errors) {
  const Faults faults = qualified_name_faults(type);
  add_faults(faults, path, quote(type), errors);
  if (faults.empty() && type.find('/') == type.npos && std::ranges::find(kTypes, type) == std::end(kTypes)) {
    errors.invalid(path, quote(type), "must be a standard limit type or fully qualified");
  }
}

// The bounds of one item, by resource.
class ItemCheck {
 public:
  ItemCheck(const corev1::LimitRangeItem& item, const FieldPath& path, FieldErrors& errors) : item_(item), path_(path), errors_(errors) {}

  void check() {
    names(item_.max(), "max");
    names(item_.min(), "min");
    if (item_.type() == "Pod") {
      refuse_in_pod(item_.default_(), "default");
      refuse_in_pod(item_.defaultrequest(), "defaultRequest");
    } else {
      names(item_.default_(), "default");
      names(item_.defaultrequest(), "defaultRequest");
    }
    if (item_.type() == "PersistentVolumeClaim" && !item_.min().contains("storage") && !item_.max().contains("storage")) {
      errors_.required(path_ / "limits", "either minimum or maximum storage value is required, but neither was provided");
    }
    names(item_.maxlimitrequestratio(), "maxLimitRequestRatio");
    for (const std::string& name : seen_) check_order(name);
  }

 private:
  void names(const ResourceList& list, const char* field) {
    for (const auto& [name, quantity] : list) {
      const FieldPath at = (path_ / field).key(name);
      if (item_.type() == "Pod" || item_.type() == "Container") {
        validate_container_resource_name(name, at, errors_);
      } else {
        validate_resource_name(name, at, errors_);
      }
      seen_.insert(name);
    }
  }

  void refuse_in_pod(const ResourceList& list, const char* field) {
    if (!list.empty()) errors_.forbidden(path_ / field, "may not be specified when `type` is 'Pod'");
  }

  static const std::string* amount(const ResourceList& list, const std::string& name) {
    const auto found = list.find(name);
    return found == list.end() ? nullptr : &found->second.string();
  }

  // `low` must not be above `high`; the error stands at `field` and shows `shown`.
  void order(const std::string* low, const std::string* high, const FieldPath& at, const std::string* shown, const std::string& detail) {
    if (low != nullptr && high != nullptr && compare_quantities(*low, *high) > 0) errors_.invalid(at, quote(*shown), detail);
  }

  void check_order(const std::string& name) {
    const bool is_pod = item_.type() == "Pod";
    const std::string* min = amount(item_.min(), name);
    const std::string* max = amount(item_.max(), name);
    const std::string* limit = is_pod ? nullptr : amount(item_.default_(), name);
    const std::string* request = is_pod ? nullptr : amount(item_.defaultrequest(), name);
    const FieldPath request_path = (path_ / "defaultRequest").key(name), limit_path = (path_ / "default").key(name);
    const auto text = [](const std::string* quantity) { return quantity == nullptr ? std::string() : *quantity; };
    order(min, max, (path_ / "min").key(name), min, "min value " + text(min) + " is greater than max value " + text(max));
    order(min, request, request_path, request, "min value " + text(min) + " is greater than default request value " + text(request));
    order(request, max, request_path, request, "default request value " + text(request) + " is greater than max value " + text(max));
    order(request, limit, request_path, request,
          "default request value " + text(request) + " is greater than default limit value " + text(limit));
    order(min, limit, limit_path, min, "min value " + text(min) + " is greater than default value " + text(limit));
    order(limit, max, limit_path, max, "default value " + text(limit) + " is greater than max value " + text(max));
    if (const std::string* ratio = amount(item_.maxlimitrequestratio(), name)) check_ratio(*ratio, min, max, name);
    if (!may_overcommit(name) && limit != nullptr && request != nullptr && compare_quantities(*limit, *request) != 0) {
      errors_.invalid(request_path, quote(*request),
                      "default value " + *limit + " must equal to defaultRequest value " + *request + " in " + name);
    }
  }

  void check_ratio(const std::string& ratio, const std::string* min, const std::string* max, const std::string& name) {
    const FieldPath at = (path_ / "maxLimitRequestRatio").key(name);
    if (compare_quantities(ratio, "1") < 0) errors_.invalid(at, quote(ratio), "ratio " + ratio + " is less than 1");
    if (min == nullptr || max == nullptr) return;
    const auto number = [](const std::string& quantity) { return static_cast<double>(quantity_milli_value(quantity).value_or(0)); };
    const double most = number(*max) / number(*min);
    if (number(ratio) / 1000 > most) {
      errors_.invalid(at, quote(ratio), "ratio " + ratio + " is greater than max/min = " + std::to_string(most));
    }
  }

  const corev1::LimitRangeItem& item_;
  const FieldPath& path_;
  FieldErrors& errors_;
  std::set<std::string> seen_;
};

void validate(const Message& object, FieldErrors& errors) {
  const corev1::LimitRangeSpec& spec = as_range(object).spec();
  std::set<std::string_view> types;
  for (int i = 0; i < spec.limits_size(); ++i) {
    const corev1::LimitRangeItem& item = spec.limits(i);
    const FieldPath path = FieldPath("spec.limits").index(i);
    validate_type(item.type(), path / "type", errors);
    if (!types.insert(item.type()).second) errors.duplicate(path / "type", quote(item.type()));
    ItemCheck(item, path, errors).check();
  }
}

void validate_update(const Message& next, const Message&, FieldErrors& errors) { validate(next, errors); }

}  // namespace

constinit const Rules kLimitRangeRules = {
    .set_defaults = set_defaults,
    .validate = validate,
    .validate_update = validate_update,
    .columns = kPlainColumns,
    .row = plain_row,
};

}  // namespace stint::core
