// Time and chance, injected everywhere, so that the real controllers can run in virtual time (docs/adr/0002).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

namespace stint {

using Duration = std::chrono::nanoseconds;
using WallTime = std::chrono::sys_time<Duration>;  // UTC, may jump

class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime now() const = 0;
};

class Rng {
 public:
  virtual ~Rng() = default;
  virtual uint64_t next() = 0;  // uniform over all 64 bits
};

std::unique_ptr<Rng> system_rng();               // from the kernel
std::unique_ptr<Rng> seeded_rng(uint64_t seed);  // repeatable

}  // namespace stint
