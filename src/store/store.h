// The revisioned log of (key, bytes), shaped like etcd's transaction: one global revision, compare on mod revision, range by
// prefix, watch from a revision. It knows no kinds. Drivers: memory/, sqlite/; one contract suite runs over all (store/contract_test.cc).
//
// Loop thread only; a driver's own writer thread is hidden. An acknowledged commit is durable (as far as the driver is), and
// visible to range and watch from then on, never before. Commits become visible in revision order.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/task.h"

namespace stint {

using Revision = int64_t;  // the first write of an empty store gets 2; 1 is the empty store

struct Entry {
  std::string key;
  std::shared_ptr<const std::string> value;
  Revision create_revision = 0;
  Revision mod_revision = 0;
};

// One write, refused as a whole unless the key's mod revision is the expected one.
struct Write {
  std::string key;
  std::shared_ptr<const std::string> value;  // null: delete
  Revision expected = 0;                     // 0: the key must not exist
};

struct Change {
  std::string key;
  std::shared_ptr<const std::string> value;     // null: deleted
  std::shared_ptr<const std::string> previous;  // null: created
  Revision revision = 0;
  Revision create_revision = 0;
  Revision previous_revision = 0;  // mod revision of `previous`
};

struct RangeOptions {
  std::string prefix;
  std::string start_after;           // exclusive; "" from the beginning
  size_t limit = 0;                  // 0: all
  bool counts_remaining = true;      // false: `remaining` only tells whether there are more, which is cheaper
  std::optional<Revision> revision;  // a past state; kExpired when it is compacted, kTimeout when it lies ahead
};
struct Range {
  std::vector<Entry> entries;  // by key
  Revision revision = 0;       // the state that they show
  size_t remaining = 0;        // entries past the limit
};

// A stream of changes of one prefix, in revision order. Bounded: a reader that falls kWatchBacklogMax changes or
// kWatchBacklogBytesMax behind is cut off (next() gives kExpired) and must list again. Destroying it ends it.
class StoreWatch {
 public:
  virtual ~StoreWatch() = default;
  // Waits for the next change. kExpired: cut off.
  virtual Task<Result<Change>> next() = 0;
  // A change that is already there, without waiting; nothing when there is none.
  virtual std::optional<Change> poll() = 0;
  // Why next() would fail, once it would.
  virtual std::optional<Error> cut_off() const = 0;
  // Pulsed when there may be something for poll(), or the watch was cut off. Others may pulse it to wake who waits here.
  virtual Event& activity() = 0;
  // All changes up to this revision have been handed out by next() or poll().
  virtual Revision progress() const = 0;
};

class Store {
 public:
  static constexpr size_t kWatchBacklogMax = 16384;
  static constexpr size_t kWatchBacklogBytesMax = 64 * 1024 * 1024;
  // Changes kept for watches and past ranges; older ones are compacted.
  static constexpr size_t kHistoryMax = 50000;
  static constexpr size_t kHistoryBytesMax = 64 * 1024 * 1024;

  virtual ~Store() = default;

  // The latest committed state.
  virtual std::optional<Entry> get(std::string_view key) const = 0;
  virtual Result<Range> range(const RangeOptions& options) const = 0;
  virtual Revision revision() const = 0;
  virtual Revision compacted() const = 0;  // the oldest state that range and watch still know
  // Forgets the states before this one, and the changes that led to it.
  virtual void compact(Revision oldest) = 0;

  // The new revision. kConflict: `expected` did not match (against what is acknowledged or on its way); kNotFound: a deletion of
  // what is not there, which takes no revision; kInternalError with the
  // system's words when the medium refuses (disk full, read-only): then nothing was written and later commits may succeed.
  // The write takes its place in the order when commit() is first resumed.
  virtual Task<Result<Revision>> commit(Write write) = 0;

  // Changes after `from`. kExpired when `from` < compacted(), or more than kWatchBacklogMax changes have piled up since.
  virtual Result<std::unique_ptr<StoreWatch>> watch(std::string prefix, Revision from) = 0;
};

}  // namespace stint
