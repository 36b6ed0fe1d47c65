// How many may do something at the same time; the others wait. Loop thread only.
#pragma once

#include <utility>

#include "base/loop.h"

namespace stint {

class Slots {
 public:
  Slots(Loop& loop, int count) : free_(count), freed_(loop) {}

  class Held {
   public:
    explicit Held(Slots& slots) : slots_(&slots) {}
    Held(Held&& other) noexcept : slots_(std::exchange(other.slots_, nullptr)) {}
    Held& operator=(Held&&) = delete;
    ~Held() {
      if (slots_ == nullptr) return;
      ++slots_->free_;
      slots_->freed_.pulse();
    }

   private:
    Slots* slots_;
  };

  Task<Held> take() {
    while (free_ == 0) co_await freed_.wait();
    --free_;
    co_return Held(*this);
  }

 private:
  int free_;
  Event freed_;
};

}  // namespace stint
