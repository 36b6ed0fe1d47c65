#include "base/clock.h"

#include <random>

namespace stint {
namespace {

class SystemRng : public Rng {
 public:
  uint64_t next() override { return (static_cast<uint64_t>(device_()) << 32) | device_(); }

 private:
  std::random_device device_;
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
