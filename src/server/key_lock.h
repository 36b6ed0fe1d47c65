// One writer at a time for a key, in the order of asking. Two writes of this server to one object then never meet as a
// conflict in the store: the second reads what the first has written. Loop thread only.
#pragma once

#include <deque>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/loop.h"

namespace stint {

class KeyLocks {
 public:
  explicit KeyLocks(Loop& loop) : loop_(loop) {}
  KeyLocks(const KeyLocks&) = delete;

  // Holds the key until destroyed. REQUIRES: does not outlive the KeyLocks.
  class Hold {
   public:
    Hold(KeyLocks& locks, std::string key) : locks_(&locks), key_(std::move(key)) {}
    Hold(Hold&& other) noexcept : locks_(std::exchange(other.locks_, nullptr)), key_(std::move(other.key_)) {}
    Hold& operator=(Hold&&) = delete;
    ~Hold() {
      if (locks_ != nullptr) locks_->release(key_);
    }

   private:
    KeyLocks* locks_;
    std::string key_;
  };

  Task<Hold> acquire(std::string key);
  size_t held() const { return queues_.size(); }

 private:
  void release(const std::string& key);

  Loop& loop_;
  // A key is here while it is held, with those who wait for it.
  std::unordered_map<std::string, std::deque<Event*>> queues_;
};

}  // namespace stint
