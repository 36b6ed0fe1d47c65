// How often a queue ran its busiest key within a second. A controller that wakes itself over and over shows here and nowhere else: its work
// succeeds, and its queue is short. Times are those of a steady clock. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"

namespace stint {

class BusiestKey {
 public:
  struct Second {
    std::string key;
    int runs = 0;
  };

  // The second that ended with this run, if one did.
  std::optional<Second> count(const std::string& key, Duration now);
  int runs_of(const std::string& key, Duration now) const;  // in the second that runs
  // Of the last whole second, or of the one that runs if that is more.
  int runs(Duration now) const;
  int most_runs() const { return most_; }  // in any second

 private:
  Duration second_start_{};
  std::unordered_map<std::string, int> runs_;  // in the second that runs
  Second busiest_;                             // of runs_
  int last_ = 0;                               // in the second before
  int most_ = 0;
};

}  // namespace stint
