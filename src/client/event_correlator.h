// Decides what becomes of an event: written anew, counted on an earlier one, folded into a summary of similar ones, or dropped.
// Pure but for its memory, which is bounded. Source of the rules and numbers: upstream's client-go tools/record.
#pragma once

#include <set>
#include <string>

#include "api/types.h"
#include "base/clock.h"
#include "base/lru_map.h"

namespace stint {

class EventCorrelator {
 public:
  static constexpr size_t kRemembered = 4096;  // events, groups of similar ones, and objects, each
  // This many different messages of one reason about one object within the span make a summary.
  static constexpr size_t kSimilarMax = 10;
  static constexpr Duration kSimilarSpan = std::chrono::seconds(600);
  // Events about one object: a burst, then one each interval.
  static constexpr int kBurst = 25;
  static constexpr Duration kRefill = std::chrono::seconds(300);

  enum class Action { kCreate, kCount, kDrop };
  struct Decision {
    Action action = Action::kCreate;
    std::string key;  // for written()
  };

  // May change message, count, name and first timestamp. REQUIRES: name, timestamps and count 1 are set.
  Decision decide(corev1::Event& event, WallTime now);
  // The event stands under this name: what repeats it counts there.
  void written(const std::string& key, const corev1::Event& event);

 private:
  struct Similar {
    std::set<std::string> messages;
    WallTime last;
  };
  struct Counted {
    int32_t count = 0;
    std::string name;
    metav1::Time first;
  };
  struct Allowance {
    bool known = false;
    double tokens = 0;
    WallTime last;
  };

  std::string summarize(corev1::Event& event, WallTime now);
  bool is_allowed(const std::string& key, WallTime now);

  LruMap<Similar> similar_{kRemembered};
  LruMap<Counted> counted_{kRemembered};
  LruMap<Allowance> allowances_{kRemembered};
};

}  // namespace stint
