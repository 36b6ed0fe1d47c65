#include "wire/gzip.h"

#include <zlib.h>

#include <cassert>

#include "wire/http.h"

namespace stint::http {
namespace {

constexpr int kLevel = 1;
constexpr int kWindowBits = 15;
constexpr int kGzipHeader = 16;  // added to the window bits
constexpr int kMemoryLevel = 8;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool is_on_this_machine(std::string_view remote) { return remote.starts_with("127.") || remote.starts_with("::1:"); }

// Compresses one piece, or with Z_FINISH the end.
void deflate_piece(z_stream& stream, std::string_view bytes, int flush, std::string& out) {
  char buffer[16 * 1024];
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  do {
    stream.next_out = reinterpret_cast<Bytef*>(buffer);
    stream.avail_out = sizeof buffer;
    deflate(&stream, flush);
    out.append(buffer, sizeof buffer - stream.avail_out);
  } while (stream.avail_out == 0);
}

}  // namespace

bool wants_gzip(const Request& request) {
  std::string_view rest = request.header("Accept-Encoding");
  if (rest.empty() || is_on_this_machine(request.remote)) return false;
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    if (trimmed(rest.substr(0, comma)) == "gzip") return true;
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  return false;
}

Body gzipped(const Body& body) {
  z_stream stream{};
  const int made = deflateInit2(&stream, kLevel, Z_DEFLATED, kWindowBits + kGzipHeader, kMemoryLevel, Z_DEFAULT_STRATEGY);
  assert(made == Z_OK);
  (void)made;
  std::string out;
  for (const Body::Piece& piece : body.pieces()) deflate_piece(stream, piece.bytes, Z_NO_FLUSH, out);
  deflate_piece(stream, {}, Z_FINISH, out);
  deflateEnd(&stream);
  return Body(std::move(out));
}

}  // namespace stint::http
