// RFC 3339 text to seconds and back, over the years 0 to 9999: wider than WallTime, because stored objects may hold Go's zero
// time and clients may send any year. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stint {

// A point in UTC since the Unix epoch; 0 <= nanos < 1e9 also before it.
struct Instant {
  int64_t seconds = 0;
  int32_t nanos = 0;
};

// Go's zero time, 0001-01-01T00:00:00Z: "not set" in Kubernetes.
inline constexpr int64_t kGoZeroSeconds = -62135596800;

// Any offset and fraction (digits past nanoseconds are dropped); nothing if it is no RFC 3339 time.
std::optional<Instant> parse_instant(std::string_view text);
// `fraction_digits`: 0, 6 or 9. Seconds outside the years 0 to 9999 are shown as the nearest of them.
void append_instant(Instant instant, int fraction_digits, std::string& out);

}  // namespace stint
