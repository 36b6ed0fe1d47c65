// What all objects have in common: metadata, reached without knowing the kind. Pure; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/types.h"
#include "base/clock.h"

namespace stint {

// An object as caches, watchers and responses share it: never changed once published.
using Object = std::shared_ptr<const Message>;

// REQUIRES: the message has a `metadata` field of type ObjectMeta, as every kind has.
const metav1::ObjectMeta& meta(const Message& object);
metav1::ObjectMeta& mutable_meta(Message& object);

// "namespace/name", or "name" for a cluster-scoped object: the key of informers and queues.
std::string object_key(const Message& object);
std::string object_key(std::string_view ns, std::string_view name);

// The owner with controller=true, or null.
const metav1::OwnerReference* controller_of(const Message& object);
// Versions of one server are numbers that only grow; 0 for what is none.
uint64_t revision_of(std::string_view resource_version);

// By these the garbage collector learns what a delete wants of the dependents.
inline constexpr std::string_view kOrphanFinalizer = "orphan";
inline constexpr std::string_view kForegroundFinalizer = "foregroundDeletion";
bool has_finalizer(const Message& object, std::string_view finalizer);
bool remove_finalizer(Message& object, std::string_view finalizer);  // true: it was there
inline bool is_deleting(const Message& object) { return meta(object).has_deletiontimestamp(); }

// Time on the wire is whole seconds, MicroTime microseconds; finer digits are dropped as upstream drops them.
metav1::Time to_time(WallTime time);
metav1::MicroTime to_micro_time(WallTime time);
// Times of objects may lie in any year: those outside these bounds become the bound, so that reckoning with them cannot overflow.
inline constexpr WallTime kTimeMin = std::chrono::sys_days(std::chrono::year(1900) / 1 / 1);
inline constexpr WallTime kTimeMax = std::chrono::sys_days(std::chrono::year(2150) / 1 / 1);
WallTime from_time(const metav1::Time& time);
WallTime from_micro_time(const metav1::MicroTime& time);
// A span that an object or a request asks for, at most a century either way, for the same reason.
Duration span_of_seconds(int64_t seconds);
// "2026-01-02T03:04:05Z"
std::string format_rfc3339(WallTime time);
std::string format_rfc3339_micro(WallTime time);
std::string format_rfc3339_nano(WallTime time);                // nine digits, for logs
std::optional<WallTime> parse_rfc3339(std::string_view text);  // any offset and fraction; bounded too

// Upstream's short age: "5s", "3m20s", "47h", "<invalid>" for the future.
std::string human_duration(Duration span);

}  // namespace stint
