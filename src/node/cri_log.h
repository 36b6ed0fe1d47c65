// The log format of container runtimes: "2026-01-02T03:04:05.123456789+00:00 stdout F text". Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace stint {

struct CriLine {
  std::string_view time, stream, text;
  bool partial = false;  // the line goes on in the next one
};
// `line` without its newline; nothing when it is not of the format.
std::optional<CriLine> parse_cri_line(std::string_view line);

// From raw log bytes, in pieces of any size, to the text that is sent.
class LogText {
 public:
  struct Options {
    bool timestamps = false;
    std::optional<WallTime> since;
    std::optional<int64_t> limit_bytes;
  };
  explicit LogText(Options options) : options_(std::move(options)) {}

  // Appends to `out` what `raw` completes. A line longer than kLineBytesMax is dropped.
  void feed(std::string_view raw, std::string& out);
  bool limit_reached() const { return options_.limit_bytes && sent_ >= *options_.limit_bytes; }

  static constexpr size_t kLineBytesMax = 256 * 1024;  // runtimes split at 16 KiB

 private:
  void add_line(std::string_view line, std::string& out);
  void send(std::string_view text, std::string& out);

  Options options_;
  std::string rest_;  // an incomplete raw line
  bool too_long_ = false;
  bool at_line_start_ = true;
  int64_t sent_ = 0;
};

}  // namespace stint
