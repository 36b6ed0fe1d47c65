// HTTP/1.1 requests: however the bytes are cut, the same request is read off them, and nothing of the next.
#include "fuzz.h"
#include "wire/http1_parser.h"

namespace stint::fuzz {
namespace {

struct Read {
  http::Http1Parser::State state;
  http::Request request;
  int status = 0;
  size_t left = 0;
};

Read read(std::string_view bytes, size_t step) {
  const http::Limits limits{.header_bytes_max = 2048, .body_bytes_max = 1024};
  http::Http1Parser parser(limits);
  Read read{.state = http::Http1Parser::State::kWantsMore, .request = {}};
  std::string input;
  for (size_t at = 0; at < bytes.size() && read.state == http::Http1Parser::State::kWantsMore; at += step) {
    input += bytes.substr(at, step);
    read.state = parser.feed(input);
    read.left = input.size() + (bytes.size() - std::min(bytes.size(), at + step));
  }
  read.status = parser.status();
  if (read.state == http::Http1Parser::State::kDone) parser.take(read.request);
  return read;
}

}  // namespace

void run(std::string_view input) {
  const Read whole = read(input, input.size() + 1);
  for (const size_t step : {size_t{1}, size_t{7}}) {
    const Read cut = read(input, step);
    // A head may be refused earlier when it comes in pieces: what is too long is told from what is there.
    if (whole.state == http::Http1Parser::State::kRefused || cut.state == http::Http1Parser::State::kRefused) continue;
    expect(cut.state == whole.state, input);
    if (whole.state != http::Http1Parser::State::kDone) continue;
    expect_equal(cut.request.method, whole.request.method);
    expect_equal(cut.request.target, whole.request.target);
    expect_equal(cut.request.body, whole.request.body);
    expect(cut.request.headers == whole.request.headers, input);
    expect(cut.left == whole.left, input);
  }
  if (whole.state == http::Http1Parser::State::kDone) expect(whole.request.body.size() <= 1024, input);
}

}  // namespace stint::fuzz
