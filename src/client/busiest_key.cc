#include "client/busiest_key.h"

#include <algorithm>
#include <utility>

namespace stint {

using namespace std::chrono_literals;

std::optional<BusiestKey::Second> BusiestKey::count(const std::string& key, Duration now) {
  std::optional<Second> ended;
  if (now - second_start_ >= 1s) {
    last_ = now - second_start_ < 2s ? busiest_.runs : 0;
    if (busiest_.runs > 0) ended = std::exchange(busiest_, {});
    runs_.clear();
    second_start_ = now;
  }
  const int runs = ++runs_[key];
  if (runs > busiest_.runs) busiest_ = {key, runs};
  most_ = std::max(most_, runs);
  return ended;
}

int BusiestKey::runs_of(const std::string& key, Duration now) const {
  if (now - second_start_ >= 1s) return 0;
  const auto found = runs_.find(key);
  return found == runs_.end() ? 0 : found->second;
}

int BusiestKey::runs(Duration now) const {
  const auto age = now - second_start_;
  if (age < 1s) return std::max(last_, busiest_.runs);
  return age < 2s ? busiest_.runs : 0;
}

}  // namespace stint
