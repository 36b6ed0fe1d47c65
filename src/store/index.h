// The state that every driver serves from memory: the latest version of each key, and the recent changes, which are both what
// watches replay and how a past state is rebuilt (each change leads to the version before it). Drivers decide what is
// durable and when; they apply it here. Loop thread only.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "store/store.h"
#include "store/watch_hub.h"

namespace stint {

class Index {
 public:
  explicit Index(Loop& loop) : watches_(loop, kEmptyRevision) {}

  // Loading what a medium holds: each live entry once, then the revision of the whole. History starts there.
  void load(Entry entry);
  void start_at(Revision revision);

  // Takes the write as done. REQUIRES: revision == this->revision() + 1; a deleted key exists.
  void apply(Write write, Revision revision);

  std::optional<Entry> get(std::string_view key) const;
  Revision mod_revision(std::string_view key) const;  // 0: absent
  Result<Range> range(const RangeOptions& options) const;
  Result<std::unique_ptr<StoreWatch>> watch(std::string prefix, Revision from);
  Revision revision() const { return revision_; }
  Revision compacted() const { return compacted_; }
  void compact(Revision oldest);

 private:
  static constexpr Revision kEmptyRevision = 1;

  struct Version {
    std::shared_ptr<const std::string> value;  // null: deleted, kept until its change leaves the history
    Revision create_revision = 0;
    Revision mod_revision = 0;
  };
  struct Record : Change {
    Revision older_revision = 0;  // the key's change before this one, a deletion too; 0: none
  };

  void forget_oldest_change();
  const Record& record(Revision revision) const { return *history_[static_cast<size_t>(revision - compacted_ - 1)]; }
  Version version_at(const Version& latest, Revision revision) const;

  std::map<std::string, Version, std::less<>> keys_;
  std::deque<std::shared_ptr<const Record>> history_;  // revisions compacted_ + 1 … revision_, without gaps
  size_t history_bytes_ = 0;
  Revision revision_ = kEmptyRevision;
  Revision compacted_ = kEmptyRevision;
  WatchHub watches_;
};

// The error of a write whose expectation does not hold for a key at `actual` (0: absent); nothing when it holds.
Result<void> check_expected(const Write& write, Revision actual);

}  // namespace stint
