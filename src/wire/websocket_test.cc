#include "wire/testing.h"
#include "wire/websocket_frames.h"

namespace stint::http {
namespace {

std::string masked(unsigned first, std::string_view payload) {
  std::string frame(1, static_cast<char>(first));
  if (payload.size() <= kControlBytesMax) {
    frame += static_cast<char>(0x80 | payload.size());
  } else {
    frame += static_cast<char>(0x80 | 126);
    frame += static_cast<char>(payload.size() >> 8);
    frame += static_cast<char>(payload.size() & 0xff);
  }
  const std::string mask = "\x11\x22\x33\x44";
  frame += mask;
  for (size_t i = 0; i < payload.size(); ++i) frame += static_cast<char>(payload[i] ^ mask[i % 4]);
  return frame;
}
std::string text_frame(std::string_view payload) { return masked(0x81, payload); }

TEST(WebSocketFrames, MessagesAreReadHoweverTheyAreCut) {
  const std::string stream = masked(0x01, "Hel") + masked(0x89, "ping") + masked(0x80, "lo") + masked(0x82, std::string(300, 'x'));
  for (size_t step : {size_t{1}, size_t{3}, stream.size()}) {
    FrameReader reader(1000);
    std::vector<std::pair<Opcode, std::string>> events;
    for (size_t at = 0; at < stream.size(); at += step) {
      reader.feed(std::string_view(stream).substr(at, step));
      while (auto event = reader.next()) events.emplace_back(event->opcode, event->payload);
    }
    ASSERT_EQ(events.size(), 3u) << step;
    EXPECT_EQ(events[0], std::pair(Opcode::kPing, std::string("ping")));
    EXPECT_EQ(events[1], std::pair(Opcode::kText, std::string("Hello")));
    EXPECT_EQ(events[2], std::pair(Opcode::kBinary, std::string(300, 'x')));
    EXPECT_EQ(reader.buffered_bytes(), 0u);
  }
}

TEST(WebSocketFrames, FaultsAreNamed) {
  const std::pair<std::string, uint16_t> faults[] = {
      {std::string("\x81\x02hi", 4), WebSocket::kProtocolError},           // not masked
      {masked(0xc1, "x"), WebSocket::kProtocolError},                      // a reserved bit
      {masked(0x83, "x"), WebSocket::kProtocolError},                      // an unknown opcode
      {masked(0x80, "x"), WebSocket::kProtocolError},                      // goes on with nothing
      {masked(0x01, "x") + masked(0x81, "y"), WebSocket::kProtocolError},  // begins within a message
      {masked(0x09, "x"), WebSocket::kProtocolError},                      // a ping in parts
      {masked(0x89, std::string(126, 'x')), WebSocket::kProtocolError},    // a ping too long
      {masked(0x82, std::string(1001, 'x')), WebSocket::kTooBig},
      {masked(0x02, std::string(600, 'x')) + masked(0x80, std::string(600, 'x')), WebSocket::kTooBig},
      {std::string("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10), WebSocket::kTooBig},
  };
  for (const auto& [bytes, fault] : faults) {
    FrameReader reader(1000);
    reader.feed(bytes);
    EXPECT_FALSE(reader.next());
    EXPECT_EQ(reader.fault(), fault) << bytes;
  }
}

TEST(WebSocketFrames, HeadsTellTheLengthInTheShortestWay) {
  EXPECT_EQ(frame_head(Opcode::kText, 5), std::string("\x81\x05", 2));
  EXPECT_EQ(frame_head(Opcode::kBinary, 300), std::string("\x82\x7e\x01\x2c", 4));
  EXPECT_EQ(frame_head(Opcode::kBinary, 70000), std::string("\x82\x7f\x00\x00\x00\x00\x00\x01\x11\x70", 10));
}

class WebSockets : public LiveServer {
 protected:
  static constexpr std::string_view kHandshake =
      "Host: h\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nOrigin: http://h\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

  std::unique_ptr<TestSocket> open(const std::string& path, const std::string& more = "", const std::string& early = "") {
    auto client = std::make_unique<TestSocket>(start());
    client->send("GET " + path + " HTTP/1.1\r\n" + std::string(kHandshake) + more + "\r\n" + early);
    received_ = client->receive_until("\r\n\r\n");
    return client;
  }
  std::string received_;
};

TEST_F(WebSockets, EchoMessagesAndPings) {
  auto client = open("/ws", "Sec-WebSocket-Protocol: a, b\r\n", text_frame("early"));
  EXPECT_EQ(received_.substr(0, 12), "HTTP/1.1 101") << received_;
  EXPECT_NE(received_.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), std::string::npos) << received_;
  EXPECT_NE(received_.find("Sec-WebSocket-Protocol: b\r\n"), std::string::npos);
  const size_t end = received_.find("\r\n\r\n") + 4;
  const std::string early = received_.size() > end ? received_.substr(end) : client->receive();
  EXPECT_EQ(early,
            "\x81\x05"
            "early");
  client->send(masked(0x89, "p") + masked(0x82, "bin"));
  std::string answer = client->receive();
  if (answer.size() < 8) answer += client->receive();
  EXPECT_EQ(answer,
            "\x8a\x01p\x82\x03"
            "bin");
}

TEST_F(WebSockets, AHandlerThatReturnsClosesAsUsual) {
  auto client = open("/ws");
  client->send(text_frame("leave"));
  EXPECT_EQ(client->receive_all(), std::string("\x88\x02\x03\xe8", 4));
}

TEST_F(WebSockets, AClientsCloseIsAnsweredAndEndsTheHandler) {
  auto client = open("/ws");
  ASSERT_TRUE(eventually([this] { return running_ == 1; }));
  client->send(masked(0x88, std::string("\x03\xe9"
                                        "bye",
                                        5)));
  EXPECT_EQ(client->receive_all(), std::string("\x88\x02\x03\xe9", 4));
  EXPECT_TRUE(eventually([this] { return running_ == 0; }));
}

TEST_F(WebSockets, AHandlerThatDoesNotListenEndsWithItsClient) {
  auto client = open("/ws-deaf");
  const size_t end = received_.find("\r\n\r\n") + 4;
  EXPECT_EQ(received_.size() > end ? received_.substr(end) : client->receive(),
            "\x81\x05"
            "first");
  for (int i = 0; i < 100; ++i) client->send(text_frame(std::string(1000, 'x')));
  client->send(masked(0x89, "still there?"));
  EXPECT_EQ(client->receive(), "\x8a\x0cstill there?");
  client->hang_up();
  EXPECT_TRUE(eventually([this] { return running_ == 0; }));
}

TEST_F(WebSockets, ClientsThatSendMoreThanIsReceivedHaveToWait) {
  limits_.message_bytes_max = 10'000'000;
  auto client = open("/ws");
  std::string sent;
  for (int i = 0; i < 200; ++i) sent += masked(0x82, std::string(10'000, static_cast<char>('a' + i % 26)));
  std::thread sender([&] { client->send(sent); });
  size_t received = 0;
  while (received < 200 * 10'004) {
    const std::string part = client->receive();
    if (part.empty()) break;
    received += part.size();
  }
  sender.join();
  EXPECT_EQ(received, 200u * 10'004u);
}

TEST_F(WebSockets, WhatIsTooBigOrNotMaskedIsClosedWithItsCode) {
  limits_.message_bytes_max = 100;
  auto client = open("/ws");
  client->send(masked(0x82, std::string(101, 'x')));
  EXPECT_EQ(client->receive_all(), std::string("\x88\x02\x03\xf1", 4));
}

TEST_F(WebSockets, ABadHandshakeIsAnsweredByTheHandler) {
  TestSocket client(start());
  client.send("GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: close, Upgrade\r\nSec-WebSocket-Version: 8\r\n\r\n");
  EXPECT_TRUE(client.receive_all().ends_with("no websocket"));
}

}  // namespace
}  // namespace stint::http
