#include "store/sqlite/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "base/crash_point.h"
#include "base/log.h"

namespace stint {
namespace {

constexpr int64_t kApplicationId = 0x73746e74;  // "stnt", so that file(1) and we know our own
constexpr int64_t kFormatVersion = 1;
constexpr int64_t kPageBytes = 4096;

// The values hold secrets. An existing file is left alone: opening and closing it here would drop the locks that this process
// may hold on it (POSIX locks belong to the process, not the descriptor).
Result<void> create_private_file(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 && errno != EEXIST) return fail(errno_error("cannot create the store " + path, errno));
  if (fd >= 0) close(fd);
  return {};
}

std::string text_column(sqlite3_stmt& statement, int column) {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(&statement, column));
  const int size = sqlite3_column_bytes(&statement, column);
  return bytes == nullptr ? std::string() : std::string(bytes, static_cast<size_t>(size));
}

}  // namespace

void Database::CloseDatabase::operator()(sqlite3* database) const { sqlite3_close(database); }
void Database::FinalizeStatement::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Result<std::unique_ptr<Database>> Database::open(const std::string& path, const SqliteOptions& options) {
  TRY_VOID(create_private_file(path));
  std::unique_ptr<Database> database(new Database(path));
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  database->database_.reset(raw);
  if (code != SQLITE_OK) return database->failure("open");
  // The lock comes first, held from the first read on until the end; a foreign file is found out before anything in it changes.
  TRY_VOID(database->execute("PRAGMA locking_mode = EXCLUSIVE"));
  TRY(const int64_t tables, database->number("SELECT count(*) FROM sqlite_schema"));
  if (tables != 0) TRY_VOID(database->check_format());
  TRY_VOID(database->configure(options));
  if (tables == 0) TRY_VOID(database->create_tables());
  TRY_VOID(database->prepare_writes());
  return database;
}

Result<void> Database::configure(const SqliteOptions& options) {
  // Page size and vacuuming of a new file are fixed by the first write to it, which is the change to the write-ahead log.
  TRY_VOID(execute("PRAGMA page_size = " + std::to_string(kPageBytes)));
  TRY_VOID(execute("PRAGMA auto_vacuum = INCREMENTAL"));
  TRY_VOID(execute("PRAGMA journal_mode = WAL"));
  TRY_VOID(execute("PRAGMA synchronous = FULL"));
  TRY_VOID(execute("PRAGMA wal_autocheckpoint = " + std::to_string(kCheckpointPages)));
  TRY_VOID(execute("PRAGMA journal_size_limit = " + std::to_string(kLogBytesMax)));
  if (options.size_bytes_max > 0) {
    TRY_VOID(execute("PRAGMA max_page_count = " + std::to_string(std::max<int64_t>(options.size_bytes_max / kPageBytes, 1))));
  }
  return {};
}

Result<void> Database::create_tables() {
  return execute(
      "BEGIN EXCLUSIVE;"
      // Rows by rowid, so that a value of a page or less lies in one leaf; the key is an index.
      "CREATE TABLE kv(key TEXT NOT NULL UNIQUE, value BLOB NOT NULL, create_revision INTEGER NOT NULL, mod_revision INTEGER NOT NULL);"
      "CREATE TABLE meta(only_row INTEGER PRIMARY KEY CHECK(only_row = 1), revision INTEGER NOT NULL);"
      "INSERT INTO meta VALUES(1, 1);"
      "PRAGMA application_id = " +
      std::to_string(kApplicationId) +
      ";"
      "PRAGMA user_version = " +
      std::to_string(kFormatVersion) +
      ";"
      "COMMIT;");
}

Result<void> Database::check_format() {
  TRY(const int64_t application, number("PRAGMA application_id"));
  if (application != kApplicationId) return fail(Reason::kInternalError, path_ + " is not a store of stint");
  TRY(const int64_t version, number("PRAGMA user_version"));
  if (version == kFormatVersion) return {};
  return fail(Reason::kInternalError, "store " + path_ + " has format " + std::to_string(version) + ", this program reads format " +
                                          std::to_string(kFormatVersion));
}

Result<void> Database::prepare_writes() {
  TRY(put_, prepare("INSERT INTO kv VALUES(?1, ?2, ?3, ?4) ON CONFLICT(key) DO UPDATE SET value = excluded.value, "
                    "create_revision = excluded.create_revision, mod_revision = excluded.mod_revision"));
  TRY(delete_, prepare("DELETE FROM kv WHERE key = ?1"));
  TRY(set_revision_, prepare("UPDATE meta SET revision = ?1"));
  return {};
}

Result<Revision> Database::load(const std::function<void(Entry)>& take) {
  TRY(const Statement rows, prepare("SELECT key, value, create_revision, mod_revision FROM kv"));
  int code = sqlite3_step(rows.get());
  for (; code == SQLITE_ROW; code = sqlite3_step(rows.get())) {
    take(Entry{text_column(*rows, 0), std::make_shared<const std::string>(text_column(*rows, 1)), sqlite3_column_int64(rows.get(), 2),
               sqlite3_column_int64(rows.get(), 3)});
  }
  if (code != SQLITE_DONE) return failure("read");
  return number("SELECT revision FROM meta");
}

Result<void> Database::commit(std::span<const Row> rows) {
  // A rollback that failed before is owed still.
  if (sqlite3_get_autocommit(database_.get()) == 0) TRY_VOID(execute("ROLLBACK"));
  Result<void> written = write(rows);
  if (!written) {
    // SQLite may have rolled back by itself; what is still open must not be committed with the next group.
    if (sqlite3_get_autocommit(database_.get()) == 0) {
      if (auto rolled_back = execute("ROLLBACK"); !rolled_back) log_error("rollback failed", "error", rolled_back.error().message);
    }
    return written;
  }
  reclaim_pages(rows.size());
  return {};
}

Result<void> Database::write(std::span<const Row> rows) {
  TRY_VOID(execute("BEGIN IMMEDIATE"));
  for (const Row& row : rows) {
    sqlite3_stmt& statement = row.value != nullptr ? *put_ : *delete_;
    sqlite3_bind_text64(&statement, 1, row.key.data(), row.key.size(), SQLITE_STATIC, SQLITE_UTF8);
    if (row.value != nullptr) {
      // An empty string is a value too, never NULL: data() is not null.
      sqlite3_bind_blob64(&statement, 2, row.value->data(), row.value->size(), SQLITE_STATIC);
      sqlite3_bind_int64(&statement, 3, row.create_revision);
      sqlite3_bind_int64(&statement, 4, row.mod_revision);
    }
    TRY_VOID(run(statement));
  }
  sqlite3_bind_int64(set_revision_.get(), 1, rows.back().mod_revision);
  TRY_VOID(run(*set_revision_));
  TRY_VOID(execute("COMMIT"));
  crash_point("stored", rows.back().key);
  return {};
}

// Gives pages back that a mass deletion left. What fails here is only room not saved.
void Database::reclaim_pages(size_t rows_written) {
  constexpr size_t kCheckEveryRows = 1000;
  rows_since_reclaim_ += rows_written;
  if (rows_since_reclaim_ < kCheckEveryRows) return;
  rows_since_reclaim_ = 0;
  Result<int64_t> free_pages = number("PRAGMA freelist_count");
  if (!free_pages || *free_pages <= kFreePagesMax) return;
  auto reclaimed = execute("PRAGMA incremental_vacuum(" + std::to_string(*free_pages - kFreePagesMax / 2) + ")");
  if (!reclaimed) log_warning("store keeps free pages", "error", reclaimed.error().message);
}

Result<void> Database::execute(const std::string& sql) {
  if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return failure(sql.substr(0, sql.find(';')));
}

Result<Database::Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()), &raw, nullptr) != SQLITE_OK) return failure("prepare");
  return Statement(raw);
}

Result<int64_t> Database::number(const std::string& sql) {
  TRY(const Statement statement, prepare(sql));
  if (sqlite3_step(statement.get()) != SQLITE_ROW) return failure(sql);
  return sqlite3_column_int64(statement.get(), 0);
}

Result<void> Database::run(sqlite3_stmt& statement) {
  const int code = sqlite3_step(&statement);
  Result<void> result;
  if (code != SQLITE_DONE) result = failure("write");
  sqlite3_reset(&statement);
  sqlite3_clear_bindings(&statement);
  return result;
}

std::unexpected<Error> Database::failure(std::string_view what) const {
  const int code = database_ ? sqlite3_errcode(database_.get()) : SQLITE_NOMEM;
  if ((code & 0xff) == SQLITE_BUSY) return fail(Reason::kInternalError, "store " + path_ + " is in use by another process");
  const char* words = database_ ? sqlite3_errmsg(database_.get()) : sqlite3_errstr(code);
  std::string message = "store " + path_ + ": " + std::string(what) + ": " + words;
  const int system_error = database_ ? sqlite3_system_errno(database_.get()) : 0;
  const bool from_system = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN || (code & 0xff) == SQLITE_FULL;
  if (from_system && system_error != 0) message += " (" + std::generic_category().message(system_error) + ")";
  return fail(Reason::kInternalError, std::move(message));
}

}  // namespace stint
