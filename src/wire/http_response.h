// The answer of an HTTP/1.1 server, read off bytes as they come: its head, and its body piece by piece. No I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace stint::http {

struct ResponseHead {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string_view header(std::string_view name) const;  // case-insensitive, "" if absent
};

class ResponseReader {
 public:
  static constexpr size_t kHeadBytesMax = 64 * 1024;

  // kServiceUnavailable: these bytes are no answer.
  Result<void> feed(std::string_view bytes);
  // The request was a HEAD: the answer's headers tell of a body that does not come.
  void expect_no_body() { no_body_ = true; }
  // The server has closed. The same, when it has not sent all that it announced.
  Result<void> end();

  const std::optional<ResponseHead>& head() const { return head_; }  // once it is there
  std::string take_body() { return std::exchange(body_, {}); }       // what has come since it was last taken
  bool done() const { return done_; }
  // After a 101 what follows belongs to the other protocol.
  std::string take_rest() { return std::exchange(input_, {}); }

 private:
  enum class Framing { kLength, kChunks, kUntilEnd };
  Result<void> read_head();
  Result<void> read_body();
  Result<void> read_chunks();
  void take_bytes();

  std::string input_, body_;
  std::optional<ResponseHead> head_;
  Framing framing_ = Framing::kUntilEnd;
  uint64_t remaining_bytes_ = 0;  // of the body, or of the chunk
  bool in_chunk_ = false;
  bool in_trailer_ = false;
  bool no_body_ = false;
  bool done_ = false;
};

}  // namespace stint::http
