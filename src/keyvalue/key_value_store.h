// The key-value service's data: integers and texts by application key and key, in SQLite. Every write is durable when the
// call returns. Not thread-safe; calls block for one fsync, so make them on the pool, one at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

struct sqlite3;

namespace stint::keyvalue {

inline constexpr size_t kKeyBytesMax = 256;
inline constexpr size_t kValueBytesMax = 4096;

enum class Action { kIncrement, kDecrement };

class KeyValueStore {
 public:
  static Result<std::unique_ptr<KeyValueStore>> open(const std::string& path);
  ~KeyValueStore();

  // A new application key: 8 letters and digits.
  Result<std::string> make_app_key(Rng& rng);
  // kNotFound for an unknown application key in all three; kRequestEntityTooLarge past the limits.
  Result<void> set(std::string_view app_key, std::string_view key, std::string_view value);
  Result<std::string> get(std::string_view app_key, std::string_view key);  // "" if unset
  // An unset value counts as 0. kBadRequest: the value is no integer, or would leave its range.
  Result<void> act(std::string_view app_key, std::string_view key, Action action);

 private:
  explicit KeyValueStore(sqlite3* database) : database_(database) {}
  Result<void> require_app_key(std::string_view app_key);
  sqlite3* database_;
};

}  // namespace stint::keyvalue
