#include "store/sqlite/sqlite_store.h"

#include <pthread.h>
#include <signal.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "base/log.h"
#include "store/index.h"
#include "store/sqlite/database.h"

namespace stint {
namespace {

// A write that has its place in the order. Once staged it is read by the writer thread until its group is finished; made,
// resolved and destroyed on the loop.
struct Commit {
  Commit(Loop& loop, Write w, Revision create, Revision mod)
      : write(std::move(w)), create_revision(create), revision(mod), resolved(loop) {}
  Write write;
  Revision create_revision;
  Revision revision;
  Event resolved;
  std::optional<Error> error;
};
using Group = std::vector<std::shared_ptr<Commit>>;

class SqliteStore : public Store {
 public:
  SqliteStore(Loop& loop, std::unique_ptr<Database> database) : loop_(loop), index_(loop), database_(std::move(database)) {}
  ~SqliteStore() override;

  Result<void> load();
  void start_writer();

  std::optional<Entry> get(std::string_view key) const override { return index_.get(key); }
  Result<Range> range(const RangeOptions& options) const override { return index_.range(options); }
  Revision revision() const override { return index_.revision(); }
  Revision compacted() const override { return index_.compacted(); }
  void compact(Revision oldest) override { index_.compact(oldest); }
  Task<Result<Revision>> commit(Write write) override;
  Result<std::unique_ptr<StoreWatch>> watch(std::string prefix, Revision from) override { return index_.watch(std::move(prefix), from); }

 private:
  // What a key will be once all staged writes are done.
  struct Staged {
    Revision create_revision = 0;
    Revision mod_revision = 0;  // 0: deleted
    Revision revision = 0;      // of the last staged write
  };
  struct Finished {
    Group group;
    Result<void> written;
  };

  Staged expected_state(const std::string& key) const;
  std::shared_ptr<Commit> stage(Write write, const Staged& before);
  void drain_finished();
  void publish(const Group& group);
  void fail_staged(const Group& group, const Error& error);

  void write_groups();  // the writer thread

  // Loop thread only.
  Loop& loop_;
  Index index_;
  std::unordered_map<std::string, Staged> staged_;
  size_t staged_writes_ = 0;
  size_t staged_bytes_ = 0;
  Revision next_revision_ = 0;
  std::shared_ptr<SqliteStore*> alive_ = std::make_shared<SqliteStore*>(this);  // callbacks on their way hold it weakly

  std::unique_ptr<Database> database_;  // the writer's, once it runs
  std::thread writer_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  Group queue_;
  std::deque<Finished> finished_;
  bool halted_ = false;  // a group failed: what is queued builds on it, so nothing is written until the loop has failed that too
  bool closing_ = false;
};

SqliteStore::~SqliteStore() {
  if (writer_.joinable()) {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    changed_.notify_one();
    writer_.join();
    drain_finished();
  }
  alive_.reset();
}

Result<void> SqliteStore::load() {
  TRY(const Revision revision, database_->load([this](Entry entry) { index_.load(std::move(entry)); }));
  index_.start_at(revision);
  next_revision_ = revision + 1;
  return {};
}

void SqliteStore::start_writer() {
  // Signals are for the loop's thread.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  writer_ = std::thread([this] { write_groups(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(writer_.native_handle(), "store-writer");
}

Task<Result<Revision>> SqliteStore::commit(Write write) {
  const Staged before = expected_state(write.key);
  CO_TRY_VOID(check_expected(write, before.mod_revision));
  if (staged_writes_ >= kStagedWritesMax || staged_bytes_ >= kStagedBytesMax) {
    co_return fail(Error{.reason = Reason::kTooManyRequests, .message = "too many writes wait for the disk", .retry_after_seconds = 1});
  }
  const std::shared_ptr<Commit> commit = stage(std::move(write), before);
  co_await commit->resolved.wait();
  // The store may be gone by now.
  if (commit->error) co_return fail(*commit->error);
  co_return commit->revision;
}

SqliteStore::Staged SqliteStore::expected_state(const std::string& key) const {
  auto found = staged_.find(key);
  if (found != staged_.end()) return found->second;
  const std::optional<Entry> entry = index_.get(key);
  if (!entry) return {};
  return {entry->create_revision, entry->mod_revision, entry->mod_revision};
}

std::shared_ptr<Commit> SqliteStore::stage(Write write, const Staged& before) {
  const Revision revision = next_revision_++;
  const Revision create = before.mod_revision != 0 ? before.create_revision : revision;
  staged_[write.key] = Staged{create, write.value ? revision : 0, revision};
  ++staged_writes_;
  staged_bytes_ += write.value ? write.value->size() : 0;
  auto commit = std::make_shared<Commit>(loop_, std::move(write), create, revision);
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(commit);
  }
  changed_.notify_one();
  return commit;
}

void SqliteStore::drain_finished() {
  std::deque<Finished> finished;
  {
    const std::lock_guard lock(mutex_);
    finished.swap(finished_);
  }
  for (const Finished& one : finished) {
    if (one.written) {
      publish(one.group);
    } else {
      fail_staged(one.group, one.written.error());
    }
  }
}

void SqliteStore::publish(const Group& group) {
  // Writers first: what they wrote they hand to those who watch, who need not decode it then. All of them resume after this.
  for (const auto& commit : group) commit->resolved.set();
  for (const auto& commit : group) {
    auto found = staged_.find(commit->write.key);
    if (found != staged_.end() && found->second.revision == commit->revision) staged_.erase(found);
    --staged_writes_;
    staged_bytes_ -= commit->write.value ? commit->write.value->size() : 0;
    index_.apply(std::move(commit->write), commit->revision);
  }
}

// The group and all that was staged on top of it. Nobody saw their revisions, so those are given out again.
void SqliteStore::fail_staged(const Group& group, const Error& error) {
  log_error("store write failed", "writes", group.size(), "error", error.message);
  Group failed;
  {
    const std::lock_guard lock(mutex_);
    failed.swap(queue_);
    halted_ = false;
  }
  staged_.clear();
  staged_writes_ = 0;
  staged_bytes_ = 0;
  next_revision_ = index_.revision() + 1;
  failed.insert(failed.begin(), group.begin(), group.end());
  for (const auto& commit : failed) {
    commit->error = error;
    commit->resolved.set();
  }
}

std::vector<Database::Row> rows_of(const Group& group) {
  std::vector<Database::Row> rows;
  rows.reserve(group.size());
  for (const auto& commit : group) {
    rows.push_back({commit->write.key, commit->write.value.get(), commit->create_revision, commit->revision});
  }
  return rows;
}

void SqliteStore::write_groups() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return closing_ || (!queue_.empty() && !halted_); });
    if (queue_.empty() || halted_) return;
    Group group;
    group.swap(queue_);
    lock.unlock();
    Result<void> written = database_->commit(rows_of(group));
    lock.lock();
    halted_ = !written;
    const bool announce = finished_.empty();
    finished_.push_back({std::move(group), std::move(written)});
    if (!announce) continue;  // the callback on its way takes this one along
    loop_.post_from_thread([alive = std::weak_ptr<SqliteStore*>(alive_)] {
      if (auto store = alive.lock()) (*store)->drain_finished();
    });
  }
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(Loop& loop, std::string path, SqliteOptions options) {
  TRY(std::unique_ptr<Database> database, Database::open(path, options));
  auto store = std::make_unique<SqliteStore>(loop, std::move(database));
  TRY_VOID(store->load());
  store->start_writer();
  return store;
}

}  // namespace stint
