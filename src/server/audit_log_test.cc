#include "server/audit_log.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "store/temp_dir.h"

namespace stint {
namespace {

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(AuditLog, AppendsEachLineOnce) {
  const TempDir dir;
  const std::string path = dir / "audit.log";
  for (int life = 0; life < 2; ++life) {
    auto log = AuditLog::open(path).value();
    for (int i = 0; i < 1000; ++i) log->write("{}");
  }
  EXPECT_EQ(lines_of(path).size(), 2000u);
  struct stat info{};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST(AuditLog, CountsWhatTheDiskRefuses) {
  auto log = AuditLog::open("/dev/full").value();
  log->write("{}");
  for (int i = 0; i < 1000 && log->lost() == 0; ++i) usleep(1000);
  EXPECT_EQ(log->lost(), 1u);
  EXPECT_EQ(log->written(), 0u);
}

TEST(AuditLog, CannotBeOpenedWhereThereIsNoDirectory) { EXPECT_FALSE(AuditLog::open("/nowhere/at/all").has_value()); }

}  // namespace
}  // namespace stint
