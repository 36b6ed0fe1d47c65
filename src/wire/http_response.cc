#include "wire/http_response.h"

#include <strings.h>

#include <algorithm>
#include <charconv>

namespace stint::http {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr int kSwitchingProtocols = 101, kNoContent = 204, kNotModified = 304;

std::unexpected<Error> malformed(std::string_view what) {
  return fail(Reason::kServiceUnavailable, "the answer is no HTTP: " + std::string(what));
}

bool same_word(std::string_view a, std::string_view b) { return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<uint64_t> number(std::string_view text, int base) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "HTTP/1.1 200 OK"
Result<int> status_of(std::string_view line) {
  const auto code = line.size() >= 12 ? number(line.substr(9, 3), 10) : std::nullopt;
  if (!line.starts_with("HTTP/1.") || !code) return malformed("it begins with no status line");
  return static_cast<int>(*code);
}

}  // namespace

std::string_view ResponseHead::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (same_word(key, name)) return value;
  }
  return "";
}

Result<void> ResponseReader::feed(std::string_view bytes) {
  input_ += bytes;
  if (!head_) TRY_VOID(read_head());
  if (!head_ || done_) return {};
  return read_body();
}

Result<void> ResponseReader::read_head() {
  const size_t size = input_.find("\r\n\r\n");
  if (size == std::string::npos) {
    if (input_.size() > kHeadBytesMax) return malformed("its head is too long");
    return {};
  }
  const std::string text = input_.substr(0, size + kLineEnd.size());
  input_.erase(0, size + 2 * kLineEnd.size());
  std::string_view rest = text;
  const auto take_line = [&rest] {
    const size_t end = rest.find(kLineEnd);
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + kLineEnd.size());
    return line;
  };
  ResponseHead head;
  TRY(head.status, status_of(take_line()));
  while (!rest.empty()) {
    const std::string_view line = take_line();
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return malformed("a header without a colon");
    head.headers.emplace_back(line.substr(0, colon), trimmed(line.substr(colon + 1)));
  }
  if (head.status < 200 && head.status != kSwitchingProtocols) return read_head();  // one that comes before the answer
  if (same_word(head.header("Transfer-Encoding"), "chunked")) {
    framing_ = Framing::kChunks;
  } else if (const std::string_view length = head.header("Content-Length"); !length.empty()) {
    const auto bytes = number(length, 10);
    if (!bytes) return malformed("its length is no number");
    framing_ = Framing::kLength;
    remaining_bytes_ = *bytes;
  }
  done_ = no_body_ || head.status == kSwitchingProtocols || head.status == kNoContent || head.status == kNotModified ||
          (framing_ == Framing::kLength && remaining_bytes_ == 0);
  head_ = std::move(head);
  return {};
}

Result<void> ResponseReader::read_body() {
  switch (framing_) {
    case Framing::kUntilEnd:
      body_ += std::exchange(input_, {});
      return {};
    case Framing::kLength:
      take_bytes();
      done_ = remaining_bytes_ == 0;
      return {};
    case Framing::kChunks:
      return read_chunks();
  }
  return {};
}

void ResponseReader::take_bytes() {
  const auto size = static_cast<size_t>(std::min<uint64_t>(remaining_bytes_, input_.size()));
  body_.append(input_, 0, size);
  input_.erase(0, size);
  remaining_bytes_ -= size;
}

Result<void> ResponseReader::read_chunks() {
  while (!done_) {
    if (in_chunk_) take_bytes();
    if (in_chunk_ && remaining_bytes_ > 0) return {};
    const size_t end = input_.find(kLineEnd);
    if (end == std::string::npos) {
      if (input_.size() > kHeadBytesMax) return malformed("a line of its body is too long");
      return {};
    }
    const std::string line = input_.substr(0, end);
    input_.erase(0, end + kLineEnd.size());
    if (in_trailer_) {
      done_ = line.empty();
    } else if (in_chunk_) {
      if (!line.empty()) return malformed("a chunk is longer than it says");
      in_chunk_ = false;
    } else {
      const auto size = number(trimmed(std::string_view(line).substr(0, line.find(';'))), 16);
      if (!size) return malformed("the size of a chunk is no number");
      remaining_bytes_ = *size;
      in_chunk_ = *size > 0;
      in_trailer_ = *size == 0;
    }
  }
  return {};
}

Result<void> ResponseReader::end() {
  if (head_ && framing_ == Framing::kUntilEnd) done_ = true;
  if (done_) return {};
  return fail(Reason::kServiceUnavailable, head_ ? "the answer ended before its end" : "the connection ended without an answer");
}

}  // namespace stint::http
