// stint_sim [--seeds N] [--from S]: runs so many seeds, and tells of each that breaks a rule. Exit code 1 if one did.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/log.h"
#include "simulator.h"

namespace {

struct Wanted {
  uint64_t seeds = 100, from = 1;
};

bool parse(int argc, char** argv, Wanted& wanted) {
  for (int i = 1; i < argc; i += 2) {
    uint64_t* value = std::strcmp(argv[i], "--seeds") == 0 ? &wanted.seeds : std::strcmp(argv[i], "--from") == 0 ? &wanted.from : nullptr;
    if (value == nullptr || i + 1 == argc) return false;
    char* end = nullptr;
    *value = std::strtoull(argv[i + 1], &end, 10);
    if (*end != '\0' || end == argv[i + 1]) return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  Wanted wanted;
  if (!parse(argc, argv, wanted)) {
    std::fputs("usage: stint_sim [--seeds N] [--from S]\n", stderr);
    return 2;
  }
  stint::set_log_level(stint::LogLevel::kError);
  uint64_t broken = 0;
  size_t commits = 0;
  int crashes = 0;
  for (uint64_t seed = wanted.from; seed < wanted.from + wanted.seeds; ++seed) {
    const auto result = stint::sim::simulate({.seed = seed});
    commits += result.commits;
    crashes += result.crashes;
    if (!result.violation) continue;
    ++broken;
    std::printf("%s\n", stint::sim::describe(seed, result).c_str());
    std::fflush(stdout);
  }
  std::printf("%llu seeds, %zu commits, %d crashes: %llu broke a rule\n", static_cast<unsigned long long>(wanted.seeds), commits, crashes,
              static_cast<unsigned long long>(broken));
  return broken == 0 ? 0 : 1;
}
