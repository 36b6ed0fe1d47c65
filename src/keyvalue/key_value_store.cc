#include "keyvalue/key_value_store.h"

#include <sqlite3.h>

#include <charconv>
#include <initializer_list>
#include <limits>
#include <optional>

namespace stint::keyvalue {
namespace {

constexpr std::string_view kAppKeyAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr int kAppKeyLength = 8;
constexpr int kAppKeyTries = 8;

Error sqlite_error(sqlite3* database, std::string_view what) {
  return Error{.reason = Reason::kInternalError, .message = std::string(what) + ": " + sqlite3_errmsg(database)};
}

// Runs one statement; the first column of the first row, if there is one.
Result<std::optional<std::string>> run(sqlite3* database, const char* sql, std::initializer_list<std::string_view> values) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database, sql, -1, &statement, nullptr) != SQLITE_OK) return fail(sqlite_error(database, "key-value store"));
  int at = 0;
  for (std::string_view value : values) {
    sqlite3_bind_text(statement, ++at, value.data(), static_cast<int>(value.size()), SQLITE_STATIC);
  }
  std::optional<std::string> result;
  int code = sqlite3_step(statement);
  // To the end, also where one row is all that is wanted: a write that gives rows is committed after the last.
  for (; code == SQLITE_ROW; code = sqlite3_step(statement)) {
    if (result) continue;
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    result.emplace(text != nullptr ? text : "", static_cast<size_t>(sqlite3_column_bytes(statement, 0)));
  }
  const bool ok = code == SQLITE_DONE;
  Error error = ok ? Error{} : sqlite_error(database, "key-value store");
  sqlite3_finalize(statement);
  if (!ok) return fail(std::move(error));
  return result;
}

Result<void> check_size(std::string_view what, size_t size, size_t size_max) {
  if (size <= size_max) return {};
  return fail(Reason::kRequestEntityTooLarge, std::string(what) + " is longer than " + std::to_string(size_max) + " bytes");
}

}  // namespace

Result<std::unique_ptr<KeyValueStore>> KeyValueStore::open(const std::string& path) {
  sqlite3* database = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, nullptr);
  std::unique_ptr<KeyValueStore> store(new KeyValueStore(database));
  if (code != SQLITE_OK) return fail(sqlite_error(database, "open " + path));
  sqlite3_busy_timeout(database, 1000);
  for (const char* sql :
       {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "CREATE TABLE IF NOT EXISTS app(key TEXT PRIMARY KEY) WITHOUT ROWID",
        "CREATE TABLE IF NOT EXISTS value(app TEXT, key TEXT, value TEXT, PRIMARY KEY(app, key)) WITHOUT ROWID"}) {
    TRY_VOID(run(database, sql, {}));
  }
  return store;
}

KeyValueStore::~KeyValueStore() { sqlite3_close(database_); }

Result<std::string> KeyValueStore::make_app_key(Rng& rng) {
  for (int attempt = 0; attempt < kAppKeyTries; ++attempt) {
    std::string key;
    for (int i = 0; i < kAppKeyLength; ++i) key += kAppKeyAlphabet[rng.next() % kAppKeyAlphabet.size()];
    TRY(auto made, run(database_, "INSERT OR IGNORE INTO app VALUES(?1) RETURNING key", {key}));
    if (made) return key;
  }
  return fail(Reason::kInternalError, "no free application key was found");
}

Result<void> KeyValueStore::require_app_key(std::string_view app_key) {
  TRY(auto found, run(database_, "SELECT key FROM app WHERE key=?1", {app_key}));
  if (!found)
    return fail(Reason::kNotFound, "application key \"" + std::string(app_key.substr(0, 64)) + "\" is unknown: get one from GetAppKey");
  return {};
}

Result<void> KeyValueStore::set(std::string_view app_key, std::string_view key, std::string_view value) {
  TRY_VOID(check_size("the key", key.size(), kKeyBytesMax));
  TRY_VOID(check_size("the value", value.size(), kValueBytesMax));
  TRY_VOID(require_app_key(app_key));
  TRY_VOID(run(database_, "INSERT INTO value VALUES(?1, ?2, ?3) ON CONFLICT(app, key) DO UPDATE SET value=?3", {app_key, key, value}));
  return {};
}

Result<std::string> KeyValueStore::get(std::string_view app_key, std::string_view key) {
  TRY_VOID(check_size("the key", key.size(), kKeyBytesMax));
  TRY_VOID(require_app_key(app_key));
  TRY(auto found, run(database_, "SELECT value FROM value WHERE app=?1 AND key=?2", {app_key, key}));
  return found.value_or("");
}

Result<void> KeyValueStore::act(std::string_view app_key, std::string_view key, Action action) {
  TRY(const std::string text, get(app_key, key));
  int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (!text.empty() && (code != std::errc() || end != text.data() + text.size())) {
    return fail(Reason::kBadRequest, "the value of \"" + std::string(key) + "\" is no integer");
  }
  const bool up = action == Action::kIncrement;
  if (value == (up ? std::numeric_limits<int64_t>::max() : std::numeric_limits<int64_t>::min())) {
    return fail(Reason::kBadRequest, "the value of \"" + std::string(key) + "\" would leave the range of 64 bits");
  }
  return set(app_key, key, std::to_string(value + (up ? 1 : -1)));
}

}  // namespace stint::keyvalue
