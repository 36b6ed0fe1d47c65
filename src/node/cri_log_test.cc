#include "node/cri_log.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "api/object.h"
#include "node/log_file.h"

namespace stint {
namespace {

constexpr std::string_view kThree =
    "2026-01-02T03:04:05.5+00:00 stdout F one\n"
    "2026-01-02T03:04:06.000000001+00:00 stderr P tw\n"
    "2026-01-02T03:04:07+00:00 stdout F o\n"
    "2026-01-02T03:04:08Z stdout F three\n";

std::string text_of(LogText::Options options, std::string_view raw, size_t piece = 7) {
  LogText text(std::move(options));
  std::string out;
  for (size_t i = 0; i < raw.size(); i += piece) text.feed(raw.substr(i, piece), out);
  return out;
}

TEST(CriLine, SplitsTimeStreamTagAndText) {
  const auto line = parse_cri_line("2026-01-02T03:04:05Z stderr P:x a b");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->stream, "stderr");
  EXPECT_TRUE(line->partial);
  EXPECT_EQ(line->text, "a b");
  EXPECT_FALSE(parse_cri_line("torn"));
}

TEST(LogText, JoinsPartialLinesWhateverThePieces) {
  for (size_t piece : {1u, 7u, 1000u}) EXPECT_EQ(text_of({}, kThree, piece), "one\ntwo\nthree\n");
}

TEST(LogText, PutsNineDigitTimesBeforeWholeLines) {
  EXPECT_EQ(text_of({.timestamps = true}, kThree),
            "2026-01-02T03:04:05.500000000Z one\n2026-01-02T03:04:06.000000001Z two\n2026-01-02T03:04:08.000000000Z three\n");
}

TEST(LogText, LeavesOutWhatIsOlder) { EXPECT_EQ(text_of({.since = parse_rfc3339("2026-01-02T03:04:08Z")}, kThree), "three\n"); }

TEST(LogText, CutsInTheMiddleOfALine) { EXPECT_EQ(text_of({.limit_bytes = 5}, kThree), "one\nt"); }

TEST(LogFile, BeginsAtTheLastRawLines) {
  const std::string path = std::filesystem::temp_directory_path() / "stint-log-file-test.log";
  std::ofstream(path) << kThree;
  EXPECT_EQ(read_log_tail(path, 1, 1000), "three\n");
  EXPECT_EQ(read_log_tail(path, 2, 1000), "o\nthree\n");
  EXPECT_EQ(read_log_tail(path, 99, 1000), "one\ntwo\nthree\n");
  EXPECT_EQ(read_log_tail(path, 0, 1000), "");
  EXPECT_EQ(read_log_tail(path, 99, 3), "ee\n");
  std::filesystem::remove(path);
  EXPECT_EQ(read_log_tail(path, 99, 1000), "");
}

}  // namespace
}  // namespace stint
