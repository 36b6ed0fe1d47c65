#include "wire/http_response.h"

#include <gtest/gtest.h>

namespace stint::http {
namespace {

// Fed byte by byte, as a network may.
ResponseReader read(std::string_view bytes) {
  ResponseReader reader;
  for (const char byte : bytes) EXPECT_TRUE(reader.feed(std::string_view(&byte, 1)));
  return reader;
}

TEST(HttpResponse, ABodyOfAKnownLengthEndsThere) {
  ResponseReader reader = read("HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\ncontent-length: 5\r\n\r\nhello");
  ASSERT_TRUE(reader.head());
  EXPECT_EQ(reader.head()->status, 404);
  EXPECT_EQ(reader.head()->header("content-type"), "text/plain");
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(reader.take_body(), "hello");
}

TEST(HttpResponse, ChunksAreJoinedAndEachIsThereAtOnce) {
  ResponseReader reader = read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n!");
  EXPECT_FALSE(reader.done());
  EXPECT_EQ(reader.take_body(), "hello!");
  ASSERT_TRUE(reader.feed("\r\n0\r\nTrailer: x\r\n\r\n"));
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(reader.take_body(), "");
}

TEST(HttpResponse, WithoutALengthItGoesOnUntilTheServerCloses) {
  ResponseReader reader = read("HTTP/1.1 200 OK\r\n\r\nabc");
  EXPECT_FALSE(reader.done());
  ASSERT_TRUE(reader.end());
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(reader.take_body(), "abc");
}

TEST(HttpResponse, AnAnswerThatBreaksOffIsAnError) {
  EXPECT_FALSE(read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell").end());
  EXPECT_FALSE(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n").end());
  EXPECT_FALSE(read("HTTP/1.1 200").end());
}

TEST(HttpResponse, WhatFollowsASwitchOfProtocolsIsNotItsBody) {
  ResponseReader reader = read("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nframe");
  EXPECT_EQ(reader.head()->status, 101);
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(reader.take_rest(), "frame");
}

TEST(HttpResponse, WhatIsNoHttpIsRefused) {
  ResponseReader reader;
  EXPECT_FALSE(reader.feed("SSH-2.0-OpenSSH_9.2\r\n\r\n"));
  ResponseReader endless;
  EXPECT_FALSE(endless.feed(std::string(ResponseReader::kHeadBytesMax + 1, 'x')));
  ResponseReader chunk;
  EXPECT_FALSE(chunk.feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"));
}

}  // namespace
}  // namespace stint::http
