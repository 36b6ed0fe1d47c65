// When a CronJob runs: the five fields, the macros and `@every`, as robfig/cron v3 reads them for upstream, over the zones of the system's
// tzdata. Pure but for the zone database, which is read once; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace stint {

// A zone of the database; copies are cheap, zones live as long as the program.
class TimeZone {
 public:
  static TimeZone utc();
  // An IANA name, case as in the database; "" is UTC as in Go. Nothing when it is unknown, or when there is no database but it is not UTC.
  static std::optional<TimeZone> find(std::string_view name);

  // A span in which the distance from UTC stays the same.
  struct Span {
    std::chrono::sys_seconds begin;
    std::chrono::sys_seconds end;
    std::chrono::seconds offset;
  };
  Span span_at(std::chrono::sys_seconds time) const;

 private:
  explicit TimeZone(const void* zone) : zone_(zone) {}
  const void* zone_;  // the library's time_zone, null for UTC
};

bool time_zone_exists(std::string_view name);

// "2026-08-03T12:00:00+02:00", with "Z" where the distance is zero.
std::string format_rfc3339(WallTime time, const TimeZone& zone);

class CronSchedule {
 public:
  // kInvalid, in the words of upstream's parser. A schedule may begin with `TZ=Zone ` or `CRON_TZ=Zone `; refusing those is for validation.
  static Result<CronSchedule> parse(std::string_view text);

  // The first time strictly after `after`, in the schedule's own zone if it names one, else in `zone`. A wall-clock time that a change of
  // the clock skips is skipped, one that it repeats comes twice. Nothing when no time matches up to the end of the fifth year from now.
  std::optional<WallTime> next(WallTime after, const TimeZone& zone) const;

  // The zone whose clock it follows: its own if it names one.
  const TimeZone& clock(const TimeZone& zone) const { return zone_ ? *zone_ : zone; }
  bool is_interval() const { return every_ > Duration{0}; }  // @every: no clock at all
  Duration interval() const { return every_; }               // whole seconds. REQUIRES: is_interval()
  // Whether a time of the wall clock is one of the schedule's. REQUIRES: !is_interval().
  bool matches(std::chrono::local_seconds wall) const;

 private:
  // One bit a value; `starred` decides how the two day fields combine.
  struct Field {
    uint64_t bits = 0;
    bool starred = false;
    bool has(unsigned value) const { return (bits >> value) & 1; }
  };
  enum FieldIndex { kMinute, kHour, kDayOfMonth, kMonth, kDayOfWeek, kFieldCount };
  struct Bounds;
  static const std::array<Bounds, kFieldCount> kBounds;

  static Result<CronSchedule> parse_fields(std::string_view text);
  static Result<CronSchedule> parse_macro(std::string_view text);
  static Result<Field> parse_field(std::string_view text, const Bounds& bounds);
  static Result<Field> parse_item(std::string_view text, const Bounds& bounds);
  bool matches_day(std::chrono::local_days day) const;
  std::optional<std::chrono::local_seconds> first_match(std::chrono::local_seconds from, std::chrono::local_seconds end) const;

  std::array<Field, kFieldCount> fields_;
  Duration every_{0};  // of @every; 0: fields
  std::optional<TimeZone> zone_;
};

}  // namespace stint
