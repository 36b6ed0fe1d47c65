// The events.k8s.io shape: converted to the core one, whose rules it shares. Source: upstream's pkg/apis/events/v1/conversion.go.
#include "api/core/event_rules.h"
#include "api/events/rules.h"

namespace stint::events {
namespace {

using core::EventShape;

const eventsv1::Event& as_event(const Message& object) { return static_cast<const eventsv1::Event&>(object); }

corev1::Event core_event(const Message& shape) {
  corev1::Event event;
  to_core(shape, event);
  return event;
}

void validate(const Message& object, FieldErrors& errors) { core::validate_event(core_event(object), EventShape::kEvents, errors); }

void validate_update(const Message& next, const Message& old, FieldErrors& errors) {
  core::validate_event_update(core_event(next), core_event(old), EventShape::kEvents, errors);
}

void row(const Message& object, WallTime now, Row& row) { core::event_row(core_event(object), now, row); }

constexpr SelectableField kFields[] = {
    {"regarding.kind", [](const Message& o) { return as_event(o).regarding().kind(); }},
    {"regarding.namespace", [](const Message& o) { return as_event(o).regarding().namespace_(); }},
    {"regarding.name", [](const Message& o) { return as_event(o).regarding().name(); }},
    {"regarding.uid", [](const Message& o) { return as_event(o).regarding().uid(); }},
    {"regarding.apiVersion", [](const Message& o) { return as_event(o).regarding().apiversion(); }},
    {"regarding.resourceVersion", [](const Message& o) { return as_event(o).regarding().resourceversion(); }},
    {"regarding.fieldPath", [](const Message& o) { return as_event(o).regarding().fieldpath(); }},
    {"reason", [](const Message& o) { return as_event(o).reason(); }},
    {"reportingController", [](const Message& o) { return as_event(o).reportingcontroller(); }},
    {"type", [](const Message& o) { return as_event(o).type(); }},
};

}  // namespace

void to_core(const Message& from, Message& to) {
  const eventsv1::Event& shape = as_event(from);
  auto& stored = static_cast<corev1::Event&>(to);
  stored.Clear();
  *stored.mutable_metadata() = shape.metadata();
  *stored.mutable_involvedobject() = shape.regarding();
  if (shape.has_related()) *stored.mutable_related() = shape.related();
  if (shape.has_eventtime()) *stored.mutable_eventtime() = shape.eventtime();
  if (shape.has_series()) {
    stored.mutable_series()->set_count(shape.series().count());
    *stored.mutable_series()->mutable_lastobservedtime() = shape.series().lastobservedtime();
  }
  stored.set_reportingcomponent(shape.reportingcontroller());
  stored.set_reportinginstance(shape.reportinginstance());
  stored.set_action(shape.action());
  stored.set_reason(shape.reason());
  stored.set_message(shape.note());
  stored.set_type(shape.type());
  *stored.mutable_source() = shape.deprecatedsource();
  if (shape.has_deprecatedfirsttimestamp()) *stored.mutable_firsttimestamp() = shape.deprecatedfirsttimestamp();
  if (shape.has_deprecatedlasttimestamp()) *stored.mutable_lasttimestamp() = shape.deprecatedlasttimestamp();
  stored.set_count(shape.deprecatedcount());
}

void from_core(const Message& from, Message& to) {
  const auto& stored = static_cast<const corev1::Event&>(from);
  auto& shape = static_cast<eventsv1::Event&>(to);
  shape.Clear();
  *shape.mutable_metadata() = stored.metadata();
  *shape.mutable_regarding() = stored.involvedobject();
  if (stored.has_related()) *shape.mutable_related() = stored.related();
  if (stored.has_eventtime()) *shape.mutable_eventtime() = stored.eventtime();
  if (stored.has_series()) {
    shape.mutable_series()->set_count(stored.series().count());
    *shape.mutable_series()->mutable_lastobservedtime() = stored.series().lastobservedtime();
  }
  shape.set_reportingcontroller(stored.reportingcomponent());
  shape.set_reportinginstance(stored.reportinginstance());
  shape.set_action(stored.action());
  shape.set_reason(stored.reason());
  shape.set_note(stored.message());
  shape.set_type(stored.type());
  *shape.mutable_deprecatedsource() = stored.source();
  if (stored.has_firsttimestamp()) *shape.mutable_deprecatedfirsttimestamp() = stored.firsttimestamp();
  if (stored.has_lasttimestamp()) *shape.mutable_deprecatedlasttimestamp() = stored.lasttimestamp();
  shape.set_deprecatedcount(stored.count());
}

constinit const Rules kEventRules = {
    .validate = validate,
    .validate_update = validate_update,
    .columns = core::kEventColumns,
    .row = row,
    .fields = kFields,
};

}  // namespace stint::events
