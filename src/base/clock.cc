#include "base/clock.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <random>

namespace stint {
namespace {

// Not std::random_device, which asks the processor for each word: on a virtual machine that takes tens of microseconds.
class SystemRng : public Rng {
 public:
  uint64_t next() override {
    if (used_ == words_.size()) refill();
    return words_[used_++];
  }

 private:
  void refill() {
    if (getentropy(words_.data(), sizeof words_) != 0) std::abort();  // no kernel that runs containers is without it
    used_ = 0;
  }

  std::array<uint64_t, 32> words_{};  // as much as one call may ask for
  size_t used_ = words_.size();
};

class SeededRng : public Rng {
 public:
  explicit SeededRng(uint64_t seed) : engine_(seed) {}
  uint64_t next() override { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

}  // namespace

std::unique_ptr<Rng> system_rng() { return std::make_unique<SystemRng>(); }
std::unique_ptr<Rng> seeded_rng(uint64_t seed) { return std::make_unique<SeededRng>(seed); }

}  // namespace stint
