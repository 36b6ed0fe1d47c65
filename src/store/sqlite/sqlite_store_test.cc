// What the SQLite driver promises beyond the contract: durability, and what happens when the disk fails.
#include "store/sqlite/sqlite_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "store/sqlite/database.h"
#include "store/sqlite/failing_vfs.h"
#include "store/temp_dir.h"
#include "store/threaded_sim_loop.h"

namespace stint {
namespace {

std::shared_ptr<const std::string> text(std::string value) { return std::make_shared<const std::string>(std::move(value)); }

Task<void> commit_into(Store& store, Write write, std::vector<Result<Revision>>* results) {
  results->push_back(co_await store.commit(std::move(write)));
}

class SqliteStoreTest : public testing::Test {
 protected:
  void open(SqliteOptions options = {}) {
    store_.reset();
    auto opened = open_sqlite_store(loop_, path_, options);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
  }
  Result<Revision> put(std::string key, std::string value, Revision expected = 0) {
    return loop_.await(store_->commit(Write{std::move(key), text(std::move(value)), expected}));
  }
  Result<Revision> erase(std::string key, Revision expected) {
    return loop_.await(store_->commit(Write{std::move(key), nullptr, expected}));
  }
  std::map<std::string, std::string> contents() {
    std::map<std::string, std::string> found;
    for (const Entry& entry : store_->range({})->entries) found[entry.key] = *entry.value;
    return found;
  }
  size_t file_bytes(const std::string& suffix = "") { return std::filesystem::file_size(path_ + suffix); }

  TempDir dir_;
  const std::string path_ = dir_ / "store.db";
  ThreadedSimLoop loop_;
  std::unique_ptr<Store> store_;
};

TEST_F(SqliteStoreTest, FindsEverythingAgainAfterARestart) {
  open();
  const Revision a1 = *put("/a", "1");
  const Revision a2 = *put("/a", "2", a1);
  const std::string binary("\0k8s\xff", 5);
  ASSERT_TRUE(put("/b", binary));
  ASSERT_TRUE(put("/empty", ""));
  open();
  EXPECT_EQ(contents(), (std::map<std::string, std::string>{{"/a", "2"}, {"/b", binary}, {"/empty", ""}}));
  auto entry = store_->get("/a");
  EXPECT_EQ(entry->create_revision, a1);
  EXPECT_EQ(entry->mod_revision, a2);
  EXPECT_EQ(store_->revision(), 4 + 1);
  EXPECT_EQ(store_->compacted(), store_->revision());
  EXPECT_EQ(store_->watch("/", store_->revision() - 1).error().reason, Reason::kExpired);
  EXPECT_TRUE(store_->watch("/", store_->revision()));
}

TEST_F(SqliteStoreTest, NeverGoesBackInRevisionsAlsoAfterADeletion) {
  open();
  const Revision created = *put("/a", "1");
  const Revision deleted = *erase("/a", created);
  open();
  EXPECT_EQ(store_->revision(), deleted);
  EXPECT_EQ(*put("/a", "2"), deleted + 1);
}

TEST_F(SqliteStoreTest, FinishesWhatIsQueuedWhenItIsDestroyed) {
  open();
  Scope scope(loop_);
  std::vector<Result<Revision>> results;
  for (int i = 0; i < 100; ++i) scope.spawn(commit_into(*store_, Write{"/" + std::to_string(i), text("x"), 0}, &results));
  loop_.run_ready();
  store_.reset();
  loop_.run_ready();
  ASSERT_EQ(results.size(), 100u);
  for (const auto& result : results) EXPECT_TRUE(result);
  open();
  EXPECT_EQ(contents().size(), 100u);
}

TEST_F(SqliteStoreTest, IsReadableByItsOwnerOnly) {
  open();
  ASSERT_TRUE(put("/secret", "1"));
  for (const char* suffix : {"", "-wal"}) {
    struct stat status{};
    ASSERT_EQ(stat((path_ + suffix).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u) << suffix;
  }
}

TEST_F(SqliteStoreTest, RefusesToOpenAFileTwice) {
  open();
  auto second = open_sqlite_store(loop_, path_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, "store " + path_ + " is in use by another process");
  EXPECT_TRUE(put("/a", "1"));
}

TEST_F(SqliteStoreTest, RefusesWhatIsNoStoreAndLeavesItAsItIs) {
  std::ofstream(path_) << "a letter, long enough to be taken for more than an empty file, and then some";
  auto opened = open_sqlite_store(loop_, path_);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("file is not a database"), std::string::npos) << opened.error().message;

  const std::string foreign = dir_ / "foreign.db";
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open(foreign.c_str(), &raw), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(raw, "CREATE TABLE theirs(x)", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(raw);
  const auto before = std::filesystem::last_write_time(foreign);
  opened = open_sqlite_store(loop_, foreign);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message, foreign + " is not a store of stint");
  EXPECT_EQ(std::filesystem::last_write_time(foreign), before);
}

TEST_F(SqliteStoreTest, SaysWhyItCannotOpen) {
  auto opened = open_sqlite_store(loop_, dir_ / "missing/store.db");
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("No such file or directory"), std::string::npos) << opened.error().message;
}

TEST_F(SqliteStoreTest, DoesNotGrowWithOverwrites) {
  open();
  Revision revision = *put("/hot", "first");
  constexpr size_t kGroups = 2000, kWrites = 10;
  for (size_t group = 0; group < kGroups; ++group) {
    Scope scope(loop_);
    std::vector<Result<Revision>> results;
    for (size_t i = 0; i < kWrites; ++i)
      scope.spawn(commit_into(*store_, Write{"/hot", text(std::string(3000, 'x')), revision++}, &results));
    loop_.run_until([&] { return results.size() == kWrites; });
    ASSERT_EQ(results.back(), revision);
  }
  EXPECT_LT(file_bytes(), 200u * 1024);
  EXPECT_LE(file_bytes("-wal"), static_cast<size_t>(Database::kLogBytesMax));
}

TEST_F(SqliteStoreTest, GivesSpaceBackAfterAMassDeletion) {
  open();
  std::vector<Result<Revision>> results;
  Scope scope(loop_);
  constexpr size_t kCount = 3000;
  for (size_t i = 0; i < kCount; ++i)
    scope.spawn(commit_into(*store_, Write{std::to_string(i), text(std::string(20000, 'x')), 0}, &results));
  loop_.run_until([&] { return results.size() == kCount; });
  for (size_t i = 0; i < kCount; ++i) {
    scope.spawn(commit_into(*store_, Write{std::to_string(i), nullptr, store_->get(std::to_string(i))->mod_revision}, &results));
  }
  loop_.run_until([&] { return results.size() == 2 * kCount; });
  open();
  EXPECT_LT(file_bytes(), kCount * 20000 / 2);
}

TEST_F(SqliteStoreTest, RefusesWritesWhenFullAndTakesThemAgainOnceThereIsRoom) {
  open({.size_bytes_max = 400 * 1024});
  std::map<std::string, Revision> written;
  Result<Revision> last = Revision{0};
  for (int i = 0; i < 1000 && last; ++i) {
    const std::string key = "/" + std::to_string(i);
    last = put(key, std::string(4000, 'x'));
    if (last) written[key] = *last;
  }
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().reason, Reason::kInternalError);
  EXPECT_NE(last.error().message.find("database or disk is full"), std::string::npos) << last.error().message;
  EXPECT_EQ(contents().size(), written.size());
  const Revision before = store_->revision();
  for (const auto& [key, revision] : written) EXPECT_TRUE(erase(key, revision));
  EXPECT_TRUE(put("/again", std::string(4000, 'x')));
  EXPECT_EQ(store_->revision(), before + static_cast<Revision>(written.size()) + 1);
  open();
  EXPECT_EQ(contents().size(), 1u);
}

TEST_F(SqliteStoreTest, FailsAllThatWasStagedOnAFailedWriteAndShowsNoneOfIt) {
  open({.size_bytes_max = 200 * 1024});
  const Revision kept = *put("/kept", "1");
  auto watch = *store_->watch("/", kept);
  Scope scope(loop_);
  std::vector<Result<Revision>> results;
  scope.spawn(commit_into(*store_, Write{"/huge", text(std::string(1024 * 1024, 'x')), 0}, &results));
  scope.spawn(commit_into(*store_, Write{"/kept", text("2"), kept}, &results));
  scope.spawn(commit_into(*store_, Write{"/kept", text("3"), kept + 2}, &results));
  loop_.run_until([&] { return results.size() == 3; });
  for (const auto& result : results) EXPECT_EQ(result.error().reason, Reason::kInternalError);
  EXPECT_EQ(contents(), (std::map<std::string, std::string>{{"/kept", "1"}}));
  EXPECT_EQ(store_->revision(), kept);
  EXPECT_FALSE(watch->poll());
  EXPECT_EQ(put("/kept", "4", kept), kept + 1);
  EXPECT_EQ(watch->poll()->revision, kept + 1);
}

// Whatever the n-th change to the disk is, and however it fails: a commit that was acknowledged is there after a restart, one
// that failed left nothing behind in memory, and the store goes on.
class SqliteFault : public SqliteStoreTest, public testing::WithParamInterface<int> {};

TEST_P(SqliteFault, LosesNothingWhicheverWriteFails) {
  FailingVfs disk;
  bool failed = true;
  for (int n = 1; failed; ++n) {
    ASSERT_LT(n, 2000);
    std::filesystem::remove(path_);
    std::filesystem::remove(path_ + "-wal");
    open();
    std::map<std::string, std::string> acknowledged;
    std::map<std::string, Revision> revisions;
    const auto step = [&](int i) {
      const std::string key = "/" + std::to_string(i % 3);
      const std::string value = std::to_string(i) + std::string(6000, 'x');
      const auto result = put(key, value, revisions.contains(key) ? revisions[key] : 0);
      if (!result) return false;
      acknowledged[key] = value;
      revisions[key] = *result;
      return true;
    };
    disk.fail_after(n, GetParam());
    failed = false;
    for (int i = 0; i < 8; ++i) failed |= !step(i);
    EXPECT_EQ(contents(), acknowledged) << n;
    disk.disarm();
    for (int i = 8; i < 12; ++i) EXPECT_TRUE(step(i)) << n;
    const Revision revision = store_->revision();
    open();
    EXPECT_EQ(contents(), acknowledged) << n;
    EXPECT_EQ(store_->revision(), revision) << n;
    store_.reset();
    if (HasFailure()) break;
  }
  EXPECT_FALSE(failed);
}

INSTANTIATE_TEST_SUITE_P(Codes, SqliteFault, testing::Values(SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC));

// The child of the kill test: overwrites keys for ever and reports each acknowledged value by one fixed-size record.
struct Acknowledged {
  int key;
  int value;
};

Task<void> write_and_report(Store& store, int key, int pipe) {
  Revision revision = 0;
  for (int value = 0;; ++value) {
    auto next = co_await store.commit(Write{"/" + std::to_string(key), text(std::to_string(value)), revision});
    if (!next) _exit(1);
    revision = *next;
    const Acknowledged record{key, value};
    if (write(pipe, &record, sizeof record) != sizeof record) _exit(1);
  }
}

[[noreturn]] void run_writer_process(const std::string& path, int pipe) {
  ThreadedSimLoop loop;
  auto store = open_sqlite_store(loop, path);
  if (!store) _exit(1);
  Scope scope(loop);
  for (int key = 0; key < 8; ++key) scope.spawn(write_and_report(**store, key, pipe));
  loop.run_until([] { return false; });
  _exit(0);
}

TEST_F(SqliteStoreTest, KeepsEveryAcknowledgedWriteOverKillMinusNine) {
  int pipe_ends[2];
  ASSERT_EQ(pipe2(pipe_ends, O_CLOEXEC), 0);
  const pid_t child = fork();
  if (child == 0) run_writer_process(path_, pipe_ends[1]);
  close(pipe_ends[1]);
  std::map<int, int> acknowledged;
  Acknowledged record{};
  for (int records = 0; read(pipe_ends[0], &record, sizeof record) == sizeof record; ++records) {
    acknowledged[record.key] = record.value;
    if (records == 2000) kill(child, SIGKILL);
  }
  close(pipe_ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
  open();
  const auto found = contents();
  EXPECT_EQ(acknowledged.size(), 8u);
  for (const auto& [key, value] : acknowledged) {
    const auto entry = found.find("/" + std::to_string(key));
    ASSERT_NE(entry, found.end());
    EXPECT_GE(std::stoi(entry->second), value);
    EXPECT_LE(std::stoi(entry->second), value + 1);
  }
}

}  // namespace
}  // namespace stint
