#include "os/usage.h"

#include <gtest/gtest.h>

namespace stint::os {
namespace {

TEST(MachineUsage, CountsWhatIsBusyAndWhatCannotBeTakenBack) {
  const Usage usage =
      machine_usage_from("cpu  100 20 30 5000 400 5 6 7 8 9\ncpu0 1 2 3\nctxt 5\n",
                         "MemTotal:       1000 kB\nMemFree:         300 kB\nInactive(anon):   50 kB\nInactive(file):  200 kB\n");
  EXPECT_EQ(usage.cpu_time, std::chrono::milliseconds(10 * (100 + 20 + 30 + 5 + 6)));
  EXPECT_EQ(usage.memory_bytes, 500 * 1024);
}

TEST(MachineUsage, IsKnownOfThisMachine) {
  const auto usage = machine_usage();
  ASSERT_TRUE(usage) << usage.error().message;
  EXPECT_GT(usage->cpu_time, Duration(0));
  EXPECT_GT(usage->memory_bytes, 1 << 20);
}

}  // namespace
}  // namespace stint::os
