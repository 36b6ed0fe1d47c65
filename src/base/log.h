// Structured log lines on standard error: a constant lower-case message and key=value pairs. Thread-safe, one write a line.
//   log_info("pod started", "pod", name, "attempt", n);
// Never a secret or an environment value. What a user should know is a condition or an Event, not a log line.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace stint {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

void set_log_level(LogLevel level);
bool log_enabled(LogLevel level);
void write_log(LogLevel level, std::string_view message, std::initializer_list<std::pair<std::string_view, std::string>> fields);

namespace internal {
inline std::string log_value(std::string_view value) { return std::string(value); }
inline std::string log_value(const std::string& value) { return value; }
inline std::string log_value(const char* value) { return value; }
inline std::string log_value(bool value) { return value ? "true" : "false"; }
template <class T>
  requires std::is_arithmetic_v<T>
std::string log_value(T value) {
  return std::to_string(value);
}

inline void log_pairs(LogLevel level, std::string_view message) { write_log(level, message, {}); }
template <class A>
void log_pairs(LogLevel level, std::string_view message, std::string_view k1, const A& v1) {
  write_log(level, message, {{k1, log_value(v1)}});
}
template <class A, class B>
void log_pairs(LogLevel level, std::string_view message, std::string_view k1, const A& v1, std::string_view k2, const B& v2) {
  write_log(level, message, {{k1, log_value(v1)}, {k2, log_value(v2)}});
}
template <class A, class B, class C>
void log_pairs(LogLevel level, std::string_view message, std::string_view k1, const A& v1, std::string_view k2, const B& v2,
               std::string_view k3, const C& v3) {
  write_log(level, message, {{k1, log_value(v1)}, {k2, log_value(v2)}, {k3, log_value(v3)}});
}
template <class A, class B, class C, class D>
void log_pairs(LogLevel level, std::string_view message, std::string_view k1, const A& v1, std::string_view k2, const B& v2,
               std::string_view k3, const C& v3, std::string_view k4, const D& v4) {
  write_log(level, message, {{k1, log_value(v1)}, {k2, log_value(v2)}, {k3, log_value(v3)}, {k4, log_value(v4)}});
}
}  // namespace internal

template <class... Args>
void log_debug(std::string_view message, const Args&... pairs) {
  if (log_enabled(LogLevel::kDebug)) internal::log_pairs(LogLevel::kDebug, message, pairs...);
}
template <class... Args>
void log_info(std::string_view message, const Args&... pairs) {
  if (log_enabled(LogLevel::kInfo)) internal::log_pairs(LogLevel::kInfo, message, pairs...);
}
template <class... Args>
void log_warning(std::string_view message, const Args&... pairs) {
  if (log_enabled(LogLevel::kWarning)) internal::log_pairs(LogLevel::kWarning, message, pairs...);
}
template <class... Args>
void log_error(std::string_view message, const Args&... pairs) {
  internal::log_pairs(LogLevel::kError, message, pairs...);
}

}  // namespace stint
