// A map of bounded size that forgets what was not touched for longest. Not thread-safe.
#pragma once

#include <list>
#include <string>
#include <unordered_map>
#include <utility>

namespace stint {

template <class Value>
class LruMap {
 public:
  explicit LruMap(size_t size_max) : size_max_(size_max) {}

  // The value at key, made if absent, and now the youngest. Valid until another key is touched.
  Value& touch(const std::string& key) {
    auto found = places_.find(key);
    if (found != places_.end()) {
      entries_.splice(entries_.begin(), entries_, found->second);
      return found->second->second;
    }
    if (entries_.size() >= size_max_) {
      places_.erase(entries_.back().first);
      entries_.pop_back();
    }
    entries_.emplace_front(key, Value{});
    places_[key] = entries_.begin();
    return entries_.front().second;
  }
  // The value at key, now the youngest; null if absent.
  Value* find(const std::string& key) {
    auto found = places_.find(key);
    if (found == places_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &found->second->second;
  }
  size_t size() const { return entries_.size(); }

 private:
  using Entries = std::list<std::pair<std::string, Value>>;  // youngest first
  size_t size_max_;
  Entries entries_;
  std::unordered_map<std::string, typename Entries::iterator> places_;
};

}  // namespace stint
