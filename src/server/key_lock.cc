#include "server/key_lock.h"

#include <algorithm>

namespace stint {

Task<KeyLocks::Hold> KeyLocks::acquire(std::string key) {
  auto [it, free] = queues_.try_emplace(key);
  if (free) co_return Hold(*this, std::move(key));

  // A waiter may be destroyed while it queues, or after release() has handed it the key but before it resumes.
  struct Place {
    KeyLocks& locks;
    std::deque<Event*>& queue;
    const std::string& key;
    Event turn;
    bool taken = false;
    ~Place() {
      if (taken) return;
      if (turn.is_set()) {
        locks.release(key);
      } else {
        std::erase(queue, &turn);
      }
    }
  } place{.locks = *this, .queue = it->second, .key = key, .turn = Event(loop_)};
  place.queue.push_back(&place.turn);
  co_await place.turn.wait();
  place.taken = true;
  co_return Hold(*this, std::move(key));
}

void KeyLocks::release(const std::string& key) {
  auto it = queues_.find(key);
  if (it->second.empty()) {
    queues_.erase(it);
    return;
  }
  Event* next = it->second.front();
  it->second.pop_front();
  next->set();
}

}  // namespace stint
