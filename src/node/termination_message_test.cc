#include "node/termination_message.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace stint {
namespace {

class TerminationMessage : public testing::Test {
 protected:
  ~TerminationMessage() override { std::filesystem::remove_all(dir_); }

  // What is read where the file holds `file` and the log so many lines.
  std::string read(const std::string& file, int lines, const std::string& line) const {
    std::ofstream(dir_ + "/file") << file;
    std::ofstream log(dir_ + "/log");
    for (int i = 1; i <= lines; ++i) log << "2026-01-02T03:04:05Z stdout F " << line << i << "\n";
    log.close();
    return read_termination_message(dir_ + "/file", lines > 0 ? dir_ + "/log" : "");
  }

  const std::string dir_ = [] {
    std::string pattern = std::filesystem::temp_directory_path() / "stint-words-XXXXXX";
    return std::string(mkdtemp(pattern.data()));
  }();
};

TEST_F(TerminationMessage, IsTheFilesFirst4096Bytes) {
  EXPECT_EQ(read("words", 0, ""), "words");
  EXPECT_EQ(read(std::string(5000, 'w'), 0, ""), std::string(4096, 'w'));
  EXPECT_EQ(read("words", 3, "line "), "words");
}

TEST_F(TerminationMessage, IsTheLogsLast80LinesOr2048BytesWhereTheFileIsEmpty) {
  const std::string few = read("", 100, "");
  EXPECT_TRUE(few.starts_with("21\n22\n")) << few;
  EXPECT_TRUE(few.ends_with("\n100\n"));
  const std::string many = read("", 100, std::string(100, 'x'));
  EXPECT_EQ(many.size(), 2048u);
  EXPECT_TRUE(many.ends_with("x100\n"));
}

}  // namespace
}  // namespace stint
