#include "api/object.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "api/rfc3339.h"

namespace stint {
namespace {

using google::protobuf::FieldDescriptor;

const FieldDescriptor* metadata_field(const Message& object) {
  // The first of every kind; looking it up by its name would be a tenth of a write.
  const google::protobuf::Descriptor* descriptor = object.GetDescriptor();
  const FieldDescriptor* field = descriptor->field_count() > 0 ? descriptor->field(0) : nullptr;
  if (field == nullptr || field->message_type() != metav1::ObjectMeta::descriptor()) std::abort();  // REQUIRES of meta()
  return field;
}

Instant to_instant(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return {seconds.time_since_epoch().count(), static_cast<int32_t>((time - seconds).count())};
}

WallTime from_instant(int64_t seconds, int32_t nanos) {
  if (seconds >= to_instant(kTimeMax).seconds) return kTimeMax;
  if (seconds < to_instant(kTimeMin).seconds) return kTimeMin;
  return WallTime(std::chrono::seconds(seconds) + std::chrono::nanoseconds(nanos));
}

std::string format(WallTime time, int fraction_digits) {
  std::string out;
  append_instant(to_instant(time), fraction_digits, out);
  return out;
}

// "3m20s", or "3m" when the second part is zero.
std::string two_parts(int64_t first, char first_unit, int64_t second, char second_unit) {
  std::string out = std::to_string(first) + first_unit;
  if (second != 0) out += std::to_string(second) + second_unit;
  return out;
}

}  // namespace

const metav1::ObjectMeta& meta(const Message& object) {
  const Message& found = object.GetReflection()->GetMessage(object, metadata_field(object));
  return static_cast<const metav1::ObjectMeta&>(found);
}

metav1::ObjectMeta& mutable_meta(Message& object) {
  Message* found = object.GetReflection()->MutableMessage(&object, metadata_field(object));
  return static_cast<metav1::ObjectMeta&>(*found);
}

uint64_t revision_of(std::string_view resource_version) {
  uint64_t revision = 0;
  std::from_chars(resource_version.data(), resource_version.data() + resource_version.size(), revision);
  return revision;
}

std::string object_key(const Message& object) { return object_key(meta(object).namespace_(), meta(object).name()); }

std::string object_key(std::string_view ns, std::string_view name) {
  std::string key;
  key.reserve(ns.size() + 1 + name.size());
  if (!ns.empty()) key.append(ns) += '/';
  return key.append(name);
}

const metav1::OwnerReference* controller_of(const Message& object) {
  for (const metav1::OwnerReference& owner : meta(object).ownerreferences()) {
    if (owner.controller()) return &owner;
  }
  return nullptr;
}

bool has_finalizer(const Message& object, std::string_view finalizer) {
  const auto& finalizers = meta(object).finalizers();
  return std::ranges::find(finalizers, finalizer) != finalizers.end();
}

bool remove_finalizer(Message& object, std::string_view finalizer) {
  if (!has_finalizer(object, finalizer)) return false;
  auto& finalizers = *mutable_meta(object).mutable_finalizers();
  finalizers.erase(std::remove(finalizers.begin(), finalizers.end(), finalizer), finalizers.end());
  return true;
}

metav1::Time to_time(WallTime time) {
  metav1::Time out;
  out.set_seconds(to_instant(time).seconds);
  out.set_nanos(0);
  return out;
}

metav1::MicroTime to_micro_time(WallTime time) {
  const Instant instant = to_instant(time);
  metav1::MicroTime out;
  out.set_seconds(instant.seconds);
  out.set_nanos(instant.nanos / 1000 * 1000);
  return out;
}

WallTime from_time(const metav1::Time& time) { return from_instant(time.seconds(), 0); }
WallTime from_micro_time(const metav1::MicroTime& time) { return from_instant(time.seconds(), time.nanos()); }

Duration span_of_seconds(int64_t seconds) {
  constexpr int64_t kCentury = 36'525LL * 24 * 60 * 60;
  return std::chrono::seconds(std::clamp(seconds, -kCentury, kCentury));
}

std::string format_rfc3339(WallTime time) { return format(time, 0); }
std::string format_rfc3339_micro(WallTime time) { return format(time, 6); }
std::string format_rfc3339_nano(WallTime time) { return format(time, 9); }

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  const std::optional<Instant> instant = parse_instant(text);
  if (!instant) return std::nullopt;
  return from_instant(instant->seconds, instant->nanos);
}

std::string human_duration(Duration span) {
  constexpr int64_t kMinute = 60, kHour = 60 * kMinute, kDay = 24 * kHour, kYear = 365 * kDay;
  const int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(span).count();  // towards zero
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 2 * kMinute) return std::to_string(seconds) + "s";
  if (seconds < 10 * kMinute) return two_parts(seconds / kMinute, 'm', seconds % kMinute, 's');
  if (seconds < 3 * kHour) return std::to_string(seconds / kMinute) + "m";
  if (seconds < 8 * kHour) return two_parts(seconds / kHour, 'h', seconds % kHour / kMinute, 'm');
  if (seconds < 2 * kDay) return std::to_string(seconds / kHour) + "h";
  if (seconds < 8 * kDay) return two_parts(seconds / kDay, 'd', seconds % kDay / kHour, 'h');
  if (seconds < 2 * kYear) return std::to_string(seconds / kDay) + "d";
  if (seconds < 8 * kYear) return two_parts(seconds / kYear, 'y', seconds % kYear / kDay, 'd');
  return std::to_string(seconds / kYear) + "y";
}

}  // namespace stint
