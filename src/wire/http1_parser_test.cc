#include "wire/http1_parser.h"

#include <gtest/gtest.h>

namespace stint::http {
namespace {

std::string body_read_in_steps(std::string_view bytes, size_t step) {
  const Limits limits;
  Http1Parser parser(limits);
  std::string input;
  auto state = Http1Parser::State::kWantsMore;
  for (size_t at = 0; at < bytes.size() && state == Http1Parser::State::kWantsMore; at += step) {
    input += bytes.substr(at, step);
    state = parser.feed(input);
  }
  EXPECT_EQ(state, Http1Parser::State::kDone) << "in steps of " << step;
  EXPECT_EQ(input, "") << "in steps of " << step;
  Request request;
  parser.take(request);
  return request.body;
}

TEST(Http1Parser, ReadsABodyInChunksHoweverItIsCut) {
  const std::string head = "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (size_t step = 1; step < 16; ++step) {
    EXPECT_EQ(body_read_in_steps(head + "0\r\n\r\n", step), "");
    EXPECT_EQ(body_read_in_steps(head + "1\r\na\r\n2\r\nbc\r\n0\r\nX: y\r\n\r\n", step), "abc");
  }
}

}  // namespace
}  // namespace stint::http
