// SPDY frames of a client: however the bytes are cut, the same frames and the same fault come of them.
#include "fuzz.h"
#include "wire/spdy_frames.h"

namespace stint::fuzz {
namespace {

namespace spdy = http::spdy;

std::string read(std::string_view bytes, size_t step) {
  spdy::FrameReader reader;
  std::string seen;
  for (size_t at = 0; at < bytes.size() && reader.fault().empty(); at += step) {
    reader.feed(bytes.substr(at, step));
    while (auto frame = reader.next()) {
      if (frame->type == spdy::Type::kData) {  // comes in as many pieces as the bytes do
        expect(frame->stream != 0, bytes);
        for (const char c : frame->data) seen += std::to_string(frame->stream) + c;
        if (frame->last) seen += std::to_string(frame->stream) + " ends\n";
        continue;
      }
      size_t header_bytes = 0;
      seen += std::to_string(static_cast<int>(frame->type)) + " " + std::to_string(frame->stream) + " " + std::to_string(frame->value);
      for (const auto& [name, value] : frame->headers) {
        header_bytes += name.size() + value.size();
        seen += " " + name + "=" + value;
      }
      expect(header_bytes <= spdy::kControlBytesMax, bytes);
      seen += frame->last ? " ends\n" : "\n";
    }
  }
  return seen + std::string(reader.fault());
}

}  // namespace

void run(std::string_view input) {
  const std::string whole = read(input, input.size() + 1);
  expect_equal(read(input, 1), whole);
  expect_equal(read(input, 13), whole);
}

}  // namespace stint::fuzz
