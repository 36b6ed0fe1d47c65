// The rules of Events, shared by their two shapes: both are read as the core one. Pure; any thread.
// Source: upstream's pkg/apis/core/validation/events.go.
#pragma once

#include "api/kind.h"

namespace stint::core {

// Which API the request came by: its spelling of the reporting field, and whether the strict rules of events.k8s.io hold.
enum class EventShape { kCore, kEvents };

void validate_event(const corev1::Event& event, EventShape shape, FieldErrors& errors);
void validate_event_update(const corev1::Event& next, const corev1::Event& old, EventShape shape, FieldErrors& errors);

extern const Column kEventColumns[10];
void event_row(const corev1::Event& event, WallTime now, Row& row);

}  // namespace stint::core
