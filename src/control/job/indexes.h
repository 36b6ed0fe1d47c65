// Completion indexes of an Indexed Job as status writes them: "1,3-5,7". Pure; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace stint::job {

inline constexpr int kNoIndex = -1;

// A set of indexes as ascending intervals that neither overlap nor touch.
class IndexSet {
 public:
  IndexSet() = default;
  // Pieces that are no numbers are skipped, indexes from `completions` on are dropped: completions may have been lowered.
  static IndexSet parse(std::string_view text, int completions);
  // In any order, repeats allowed.
  static IndexSet of(std::vector<int> indexes);
  // REQUIRES: runs (first → last) that neither overlap nor touch.
  static IndexSet of_runs(const std::map<int, int>& runs);

  IndexSet merged(const IndexSet& other) const;
  bool has(int index) const;
  bool empty() const { return intervals_.empty(); }
  int size() const;
  int overlap(const IndexSet& other) const;  // how many are in both
  // The lowest `count` indexes below `completions` that are not in this set.
  std::vector<int> first_missing(int count, int completions) const;
  std::string to_string() const;

  bool operator==(const IndexSet&) const = default;

 private:
  struct Interval {
    int first;
    int last;
    bool operator==(const Interval&) const = default;
  };
  static IndexSet joined(std::vector<Interval> intervals);

  std::vector<Interval> intervals_;
};

// Indexes, each as often as it was added. Adding and removing cost the logarithm of the intervals, however many indexes there are.
class IndexBag {
 public:
  void add(int index);
  // REQUIRES: it is there.
  void remove(int index);
  IndexSet to_set() const { return IndexSet::of_runs(runs_); }

 private:
  std::unordered_map<int, int> counts_;
  std::map<int, int> runs_;  // first → last
};

}  // namespace stint::job
