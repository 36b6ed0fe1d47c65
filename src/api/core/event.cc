#include <algorithm>

#include "api/core/event_rules.h"
#include "api/core/rules.h"
#include "api/equality.h"
#include "api/immutable_field.h"
#include "api/names.h"
#include "api/table_cells.h"

namespace stint::core {
namespace {

constexpr size_t kWordBytesMax = 128;
constexpr size_t kMessageBytesMax = 1024;

const corev1::Event& as_event(const Message& object) { return static_cast<const corev1::Event&>(object); }

bool is_set(const metav1::MicroTime& time) { return time.seconds() != 0 || time.nanos() != 0; }

void at_most(size_t bytes_max, const std::string& text, std::string field, FieldErrors& errors) {
  if (text.size() > bytes_max) {
    errors.invalid(std::move(field), quote(""), "can have at most " + std::to_string(bytes_max) + " characters");
  }
}

void required_word(const std::string& text, std::string field, FieldErrors& errors) {
  if (text.empty()) errors.required(field);
  at_most(kWordBytesMax, text, std::move(field), errors);
}

// An event without eventTime is of the classic recorder.
void validate_classic(const corev1::Event& event, FieldErrors& errors) {
  const std::string& object_namespace = event.involvedobject().namespace_();
  const std::string& own = event.metadata().namespace_();
  bool fits = object_namespace.empty() ? own.empty() || own == "default" : own == object_namespace;
  if (!fits) errors.invalid("involvedObject.namespace", quote(object_namespace), "does not match event.namespace");
}

void validate_new(const corev1::Event& event, EventShape shape, FieldErrors& errors) {
  const std::string& own = event.metadata().namespace_();
  if (event.involvedobject().namespace_().empty() && own != "default" && own != "kube-system") {
    errors.invalid("involvedObject.namespace", quote(""), "does not match event.namespace");
  }
  std::string controller = shape == EventShape::kCore ? "reportingComponent" : "reportingController";
  if (event.reportingcomponent().empty()) errors.required(controller);
  add_faults(qualified_name_faults(event.reportingcomponent()), FieldPath(controller), quote(event.reportingcomponent()), errors);
  required_word(event.reportinginstance(), "reportingInstance", errors);
  required_word(event.action(), "action", errors);
  required_word(event.reason(), "reason", errors);
  at_most(kMessageBytesMax, event.message(), "message", errors);
}

void validate_series(const corev1::Event& event, FieldErrors& errors) {
  if (!event.has_series()) return;
  if (event.series().count() < 2) errors.invalid("series.count", quote(""), "should be at least 2");
  if (!is_set(event.series().lastobservedtime())) errors.required("series.lastObservedTime");
}

// By events.k8s.io the fields of the classic recorder stay unset.
void validate_strict(const corev1::Event& event, FieldErrors& errors) {
  constexpr std::string_view kUnset = "needs to be unset";
  validate_series(event, errors);
  if (!is_set(event.eventtime())) errors.required("eventTime");
  if (event.type() != "Normal" && event.type() != "Warning") errors.invalid("type", quote(""), "has invalid value: " + event.type());
  if (event.firsttimestamp().seconds() != 0) errors.invalid("firstTimestamp", quote(""), kUnset);
  if (event.lasttimestamp().seconds() != 0) errors.invalid("lastTimestamp", quote(""), kUnset);
  if (event.count() != 0) errors.invalid("count", quote(""), kUnset);
  if (!event.source().component().empty() || !event.source().host().empty()) errors.invalid("source", quote(""), kUnset);
}

void validate(const Message& object, FieldErrors& errors) { validate_event(as_event(object), EventShape::kCore, errors); }
void validate_update(const Message& next, const Message& old, FieldErrors& errors) {
  validate_event_update(as_event(next), as_event(old), EventShape::kCore, errors);
}
void row(const Message& object, WallTime now, Row& row) { event_row(as_event(object), now, row); }

std::string age(const metav1::MicroTime& since, WallTime now) {
  if (!is_set(since)) return std::string(kUnknown);
  return human_duration(now - from_micro_time(since));
}

std::string source_text(const corev1::Event& event) {
  const std::string& component = event.source().component().empty() ? event.reportingcomponent() : event.source().component();
  const std::string& instance = event.source().host().empty() ? event.reportinginstance() : event.source().host();
  return instance.empty() ? component : component + ", " + instance;
}

std::string object_text(const corev1::ObjectReference& object) {
  std::string text = object.kind();
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return object.name().empty() ? text : text + "/" + object.name();
}

std::string trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  size_t begin = text.find_first_not_of(kSpace);
  if (begin == text.npos) return "";
  return std::string(text.substr(begin, text.find_last_not_of(kSpace) - begin + 1));
}

constexpr SelectableField kFields[] = {
    {"involvedObject.kind", [](const Message& o) { return as_event(o).involvedobject().kind(); }},
    {"involvedObject.namespace", [](const Message& o) { return as_event(o).involvedobject().namespace_(); }},
    {"involvedObject.name", [](const Message& o) { return as_event(o).involvedobject().name(); }},
    {"involvedObject.uid", [](const Message& o) { return as_event(o).involvedobject().uid(); }},
    {"involvedObject.apiVersion", [](const Message& o) { return as_event(o).involvedobject().apiversion(); }},
    {"involvedObject.resourceVersion", [](const Message& o) { return as_event(o).involvedobject().resourceversion(); }},
    {"involvedObject.fieldPath", [](const Message& o) { return as_event(o).involvedobject().fieldpath(); }},
    {"reason", [](const Message& o) { return as_event(o).reason(); }},
    {"reportingComponent", [](const Message& o) { return as_event(o).reportingcomponent(); }},
    {"source",
     [](const Message& o) {
       return as_event(o).source().component().empty() ? as_event(o).reportingcomponent() : as_event(o).source().component();
     }},
    {"type", [](const Message& o) { return as_event(o).type(); }},
};

}  // namespace

void validate_event(const corev1::Event& event, EventShape shape, FieldErrors& errors) {
  if (is_set(event.eventtime())) {
    validate_new(event, shape, errors);
  } else {
    validate_classic(event, errors);
  }
  if (shape == EventShape::kEvents) validate_strict(event, errors);
}

void validate_event_update(const corev1::Event& next, const corev1::Event& old, EventShape shape, FieldErrors& errors) {
  if (is_set(next.eventtime())) {
    validate_new(next, shape, errors);
  } else {
    validate_classic(next, errors);
  }
  if (shape == EventShape::kCore) return;
  if (!semantically_equal(next.series(), old.series())) validate_series(next, errors);
  for (const char* field : {"involvedObject", "reason", "message", "source", "firstTimestamp", "lastTimestamp", "count", "type",
                            "eventTime", "action", "related", "reportingComponent", "reportingInstance"}) {
    validate_immutable_field(next, old, field, FieldPath(), errors);
  }
}

constinit const Column kEventColumns[10] = {
    {.name = "Last Seen", .description = "Time since it was seen last."},
    {.name = "Type", .description = "Normal or Warning."},
    {.name = "Reason", .description = "Why, in one word."},
    {.name = "Object", .description = "What it is about."},
    {.name = "Subobject", .priority = 1, .description = "Which part of the object it is about."},
    {.name = "Source", .priority = 1, .description = "Who reports it."},
    {.name = "Message", .description = "What happened."},
    {.name = "First Seen", .priority = 1, .description = "Time since it was seen first."},
    {.name = "Count", .priority = 1, .description = "How often it was seen."},
    {.name = "Name", .format = "name", .priority = 1, .description = "Name of the event, unique in its namespace."},
};

void event_row(const corev1::Event& event, WallTime now, Row& row) {
  std::string first = event.firsttimestamp().seconds() != 0 ? stint::age(event.firsttimestamp(), now) : age(event.eventtime(), now);
  std::string last = event.lasttimestamp().seconds() != 0 ? stint::age(event.lasttimestamp(), now) : first;
  int64_t count = event.count() == 0 ? 1 : event.count();
  if (event.has_series()) {
    last = age(event.series().lastobservedtime(), now);
    count = event.series().count();
  }
  row.cells = {last,
               event.type(),
               event.reason(),
               object_text(event.involvedobject()),
               event.involvedobject().fieldpath(),
               source_text(event),
               trimmed(event.message()),
               first,
               Cell::integer(count),
               event.metadata().name()};
}

constinit const Rules kEventRules = {
    .validate = validate,
    .validate_update = validate_update,
    .columns = kEventColumns,
    .row = row,
    .fields = kFields,
};

}  // namespace stint::core
