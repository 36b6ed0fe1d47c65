// WebSocket frames of a client: however the bytes are cut, the same messages and the same fault come of them.
#include "fuzz.h"
#include "wire/websocket_frames.h"

namespace stint::fuzz {
namespace {

constexpr size_t kMessageBytesMax = 4096;

std::string read(std::string_view bytes, size_t step) {
  http::FrameReader reader(kMessageBytesMax);
  std::string seen;
  for (size_t at = 0; at < bytes.size(); at += step) {
    reader.feed(bytes.substr(at, step));
    while (auto event = reader.next()) {
      expect(event->payload.size() <= kMessageBytesMax, bytes);
      expect(event->opcode != http::Opcode::kContinuation, bytes);
      seen += std::to_string(static_cast<int>(event->opcode)) + ":" + event->payload + "\n";
    }
    if (reader.fault() != 0) break;
  }
  return seen + std::to_string(reader.fault());
}

}  // namespace

void run(std::string_view input) {
  const std::string whole = read(input, input.size() + 1);
  expect_equal(read(input, 1), whole);
  expect_equal(read(input, 13), whole);
}

}  // namespace stint::fuzz
