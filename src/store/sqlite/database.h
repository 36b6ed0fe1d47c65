// The file of the SQLite driver: two tables, `kv` with the live entries and `meta` with the revision of the last commit, so that
// revisions never go back, deletions included. Opened for one process alone. Any thread, one at a time; calls block.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "store/sqlite/sqlite_options.h"
#include "store/store.h"

struct sqlite3;
struct sqlite3_stmt;

namespace stint {

class Database {
 public:
  // The write-ahead log is copied back into the file past this size, and cut back to kLogBytesMax after a burst.
  static constexpr int kCheckpointPages = 1000;
  static constexpr int64_t kLogBytesMax = 16 * 1024 * 1024;
  // Free pages are reused; more than these go back to the file system.
  static constexpr int64_t kFreePagesMax = 4096;

  struct Row {
    std::string_view key;
    const std::string* value = nullptr;  // null: delete
    Revision create_revision = 0;
    Revision mod_revision = 0;
  };

  // Makes the file, readable by its owner only, if there is none.
  static Result<std::unique_ptr<Database>> open(const std::string& path, const SqliteOptions& options);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database() = default;

  // Hands out every live entry; the result is the revision of the last commit.
  Result<Revision> load(const std::function<void(Entry)>& take);
  // All rows in one durable transaction, or none. REQUIRES: at least one row; in revision order.
  Result<void> commit(std::span<const Row> rows);

 private:
  struct CloseDatabase {
    void operator()(sqlite3* database) const;
  };
  struct FinalizeStatement {
    void operator()(sqlite3_stmt* statement) const;
  };
  using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

  explicit Database(std::string path) : path_(std::move(path)) {}
  Result<void> configure(const SqliteOptions& options);
  Result<void> create_tables();
  Result<void> check_format();
  Result<void> prepare_writes();
  Result<void> write(std::span<const Row> rows);
  void reclaim_pages(size_t rows_written);

  Result<void> execute(const std::string& sql);
  Result<Statement> prepare(std::string_view sql);
  Result<int64_t> number(const std::string& sql);
  Result<void> run(sqlite3_stmt& statement);
  std::unexpected<Error> failure(std::string_view what) const;  // with SQLite's and the system's words

  std::string path_;
  std::unique_ptr<sqlite3, CloseDatabase> database_;
  Statement put_, delete_, set_revision_;  // after database_: finalized before it closes
  size_t rows_since_reclaim_ = 0;
};

}  // namespace stint
