// Who watches which prefix, and how a change gets there. A change costs look-ups by the length of its key, however many
// prefixes are watched; each watch holds pointers to shared changes. Loop thread only.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/store.h"

namespace stint {

using SharedChange = std::shared_ptr<const Change>;

class WatchHub {
 public:
  WatchHub(Loop& loop, Revision revision) : loop_(loop), revision_(revision) {}
  WatchHub(const WatchHub&) = delete;
  WatchHub& operator=(const WatchHub&) = delete;
  ~WatchHub();  // cuts off the watches that are left

  // `backlog`: the changes after `from` that happened already. REQUIRES: at most Store::kWatchBacklogMax.
  std::unique_ptr<StoreWatch> open(std::string prefix, Revision from, std::deque<SharedChange> backlog);
  // REQUIRES: called for every change, in revision order.
  void notify(const SharedChange& change);
  void start_at(Revision revision) { revision_ = revision; }

 private:
  class Watch;
  struct PrefixHash {
    using is_transparent = void;
    size_t operator()(std::string_view prefix) const { return std::hash<std::string_view>{}(prefix); }
  };

  void add(Watch& watch);
  void remove(Watch& watch);

  Loop& loop_;
  Revision revision_;
  std::unordered_map<std::string, std::vector<Watch*>, PrefixHash, std::equal_to<>> by_prefix_;
  std::map<size_t, size_t> lengths_;  // length of a prefix → how many entries of by_prefix_ have it
};

}  // namespace stint
