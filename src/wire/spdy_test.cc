#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "base/sim_loop.h"
#include "wire/spdy_dictionary.h"
#include "wire/spdy_session.h"
#include "wire/spdy_testing.h"

namespace stint::http::spdy {
namespace {

using testing::HasSubstr;

TEST(SpdyFrames, TheDictionaryIsTheOneThatEverybodyHas) {
  const std::string& text = dictionary();
  EXPECT_EQ(text.size(), 1423u);
  EXPECT_EQ(adler32(adler32(0, nullptr, 0), reinterpret_cast<const unsigned char*>(text.data()), static_cast<unsigned>(text.size())),
            0xe3c6a7c2u);
}

// Every frame in a line; what came of one data frame in pieces is joined.
std::string read(std::string_view bytes, size_t step) {
  FrameReader reader;
  std::string seen;
  for (size_t at = 0; at < bytes.size(); at += step) {
    reader.feed(bytes.substr(at, step));
    while (auto frame = reader.next()) {
      if (frame->type == Type::kData) {
        seen += frame->data + (frame->last ? "." : "");
        continue;
      }
      seen +=
          "[" + std::to_string(static_cast<int>(frame->type)) + " " + std::to_string(frame->stream) + " " + std::to_string(frame->value);
      for (const auto& [name, value] : frame->headers) seen += " " + name + "=" + value;
      seen += "]";
    }
  }
  return seen + std::string(reader.fault());
}

TEST(SpdyFrames, AreReadHoweverTheyAreCut) {
  FrameWriter writer;
  const std::string stream = writer.syn_stream(1, {{"streamtype", "data"}, {"port", "80"}}) + data_head(1, false, 5) + "Hello" +
                             writer.syn_stream(3, {{"streamtype", "error"}, {"port", "80"}}) + ping(7) + data_head(1, true, 0) +
                             reset(3, ResetStatus::kCancel);
  for (const size_t step : {size_t{1}, size_t{3}, stream.size()}) {
    EXPECT_EQ(read(stream, step), "[1 1 0 streamtype=data port=80]Hello[1 3 0 streamtype=error port=80][6 0 7].[3 3 5]") << step;
  }
}

TEST(SpdyFrames, ADataFrameNeedsNotBeThereAsAWhole) {
  FrameReader reader;
  reader.feed(data_head(5, true, 1 << 20) + "begin");
  const auto frame = reader.next();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->data, "begin");
  EXPECT_FALSE(frame->last);
}

TEST(SpdyFrames, WhatSaysNothingHereIsReadOver) {
  const std::string settings("\x80\x03\x00\x04\x00\x00\x00\x04\x00\x00\x00\x00", 12),
      window("\x80\x03\x00\x09\x00\x00\x00\x08\0\0\0\1\0\0\1\0", 16);
  EXPECT_EQ(read(settings + window + ping(1), 5), "[6 0 1]");
}

TEST(SpdyFrames, FaultsAreNamed) {
  const std::string block = FrameWriter().syn_stream(1, {{"a", "b"}});
  EXPECT_EQ(read(std::string("\x80\x02\x00\x06\x00\x00\x00\x04\0\0\0\1", 12), 100), "a frame of another version");
  EXPECT_EQ(read(std::string("\x80\x03\x00\x01\x00\x02\x00\x00", 8), 100), "a control frame is too long");
  EXPECT_EQ(read(std::string("\x80\x03\x00\x01\x00\x00\x00\x03\0\0\1", 11), 100), "the beginning of a stream cannot be read");
  EXPECT_EQ(read(std::string("\0\0\0\0\0\0\0\0", 8), 100), "data of no stream");
  EXPECT_EQ(read(block + block, 100), "[1 1 0 a=b]the beginning of a stream cannot be read");  // the second was not packed after the first
  EXPECT_EQ(read(FrameWriter().syn_stream(1, {{"bomb", std::string(kControlBytesMax, 'x')}}), 100),
            "the beginning of a stream cannot be read");
}

// Gives back what comes, in capitals, to its end.
Task<void> shout(std::unique_ptr<Stream> stream) {
  for (std::string bytes; !(bytes = co_await stream->read()).empty();) {
    for (char& c : bytes) c = static_cast<char>(toupper(c));
    if (!co_await stream->write(bytes)) co_return;
  }
  co_await stream->finish();
}
Task<void> serve(Session* session, Scope* scope) {
  while (auto stream = co_await session->accept()) scope->spawn(shout(std::move(stream)));
}

class SpdySession : public testing::Test {
 protected:
  SpdySession() {
    session_ = std::make_unique<Session>(loop_, client_);
    scope_.spawn(serve(session_.get(), &scope_));
  }
  std::string heard() {
    loop_.run_ready();
    return std::exchange(client_.heard, "");
  }

  SimLoop loop_{WallTime(std::chrono::seconds(1'800'000'000))};
  TestClient client_{loop_};
  std::unique_ptr<Session> session_;
  Scope scope_{loop_};
};

TEST_F(SpdySession, StreamsGoBothWaysBesideEachOther) {
  client_.open(1, {});
  client_.open(3, {});
  EXPECT_EQ(heard(), "1+ 3+ ");
  client_.data(3, "three");
  client_.data(1, "one", true);
  EXPECT_THAT(heard(), testing::AllOf(HasSubstr("3:THREE "), HasSubstr("1:ONE 1. ")));
  client_.data(3, "", true);
  EXPECT_EQ(heard(), "3. ");
}

TEST_F(SpdySession, PingsAreAnswered) {
  client_.say(ping(9));
  client_.say(ping(2));  // an answer to one of ours, had there been one
  EXPECT_EQ(heard(), "ping 9 ");
}

TEST_F(SpdySession, AStreamThatBeginsTwiceIsRefused) {
  client_.open(3, {});
  client_.open(3, {});
  client_.open(1, {});
  client_.open(4, {});
  EXPECT_EQ(heard(), "3+ 3! 1! 4! ");
}

TEST_F(SpdySession, NotMoreStreamsThanItsLimit) {
  for (uint32_t i = 0; i <= Session::kStreamsMax; ++i) client_.open(2 * i + 1, {});
  EXPECT_THAT(heard(),
              testing::EndsWith(std::to_string(2 * Session::kStreamsMax - 1) + "+ " + std::to_string(2 * Session::kStreamsMax + 1) + "! "));
}

TEST_F(SpdySession, WhatIsNoSpdyEndsIt) {
  client_.open(1, {});
  client_.say(std::string("\x80\x02\x00\x06\x00\x00\x00\x04\0\0\0\1", 12));
  heard();
  EXPECT_TRUE(session_->gone_event().is_set());
}

TEST_F(SpdySession, AClientThatGoesEndsEveryStream) {
  client_.open(1, {});
  heard();
  client_.hang_up();
  loop_.run_ready();
  EXPECT_TRUE(session_->gone_event().is_set());
  EXPECT_EQ(heard(), "");
}

}  // namespace
}  // namespace stint::http::spdy
