#include "wire/testing.h"

namespace stint::http {
namespace {

class HttpServer : public LiveServer {
 protected:
  std::string exchange(const std::string& sent) { return exchange_on(start(), sent); }
  static std::string exchange_on(int port, const std::string& sent) {
    TestSocket client(port);
    client.send(sent);
    return client.receive_all();
  }
};

TEST_F(HttpServer, AnswersPipelinedRequestsInOrder) {
  const std::string text = exchange(
      "GET /a?x=1 HTTP/1.1\r\nHost: h\r\n\r\n"
      "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
      "GET /c HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const size_t a = text.find("GET /a?x=1 "), b = text.find("POST /b? abc"), c = text.find("GET /c? ");
  ASSERT_NE(a, std::string::npos) << text;
  ASSERT_NE(b, std::string::npos) << text;
  ASSERT_NE(c, std::string::npos) << text;
  EXPECT_LT(a, b);
  EXPECT_LT(b, c);
}

TEST_F(HttpServer, BecomesAStreamOfBytesForWhomAsksForThatProtocol) {
  TestSocket client(start());
  client.send("POST /raw HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: spdy/3.1\r\nContent-Length: 0\r\n\r\nearly");
  std::string heard = client.receive_until("early");
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 101 Switching Protocols\r\n")) << heard;
  EXPECT_NE(heard.find("Upgrade: SPDY/3.1\r\nConnection: Upgrade\r\nX-More: yes\r\n\r\n"), std::string::npos) << heard;
  const std::string much(1 << 20, 'm');
  std::thread sender([&] { client.send(much); });
  for (heard.clear(); heard.size() < much.size();) {
    const std::string piece = client.receive();
    ASSERT_FALSE(piece.empty());
    heard += piece;
  }
  sender.join();
  EXPECT_EQ(heard, much);
  client.send("leave");
  EXPECT_EQ(client.receive(), "");  // closed
}

TEST_F(HttpServer, BecomesNothingThatWasNotAskedFor) {
  EXPECT_NE(exchange("GET /raw HTTP/1.1\r\nHost: h\r\nConnection: close\r\nUpgrade: SPDY/3.1\r\n\r\n").find("no upgrade"),
            std::string::npos);
}

TEST_F(HttpServer, StreamsInChunks) {
  const std::string text = exchange("GET /stream HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_NE(text.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_NE(text.find("3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"), std::string::npos) << text;
}

TEST_F(HttpServer, StreamsToHttp10WithoutChunks) {
  const std::string text = exchange("GET /stream HTTP/1.0\r\n\r\n");
  EXPECT_EQ(text.find("chunked"), std::string::npos);
  EXPECT_TRUE(text.ends_with("\r\n\r\nonetwo")) << text;
}

TEST_F(HttpServer, ReadsABodyInChunksAndIgnoresItsTrailers) {
  const std::string text = exchange(
      "POST /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
      "2\r\nab\r\n3\r\ncde\r\n0\r\nUpgrade: websocket\r\n\r\n");
  EXPECT_NE(text.find("POST /b? abcde"), std::string::npos) << text;
}

TEST_F(HttpServer, SendsALargeAnswerWhole) {
  const std::string text = exchange("GET /big HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(text.size() - text.find("\r\n\r\n") - 4, 8u * 1024 * 1024);
}

TEST_F(HttpServer, SaysWhenToSendTheBody) {
  TestSocket client(start());
  client.send("POST /length HTTP/1.1\r\nHost: h\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(client.receive_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("abcd");
  EXPECT_TRUE(client.receive_all().ends_with("\r\n\r\n4"));
}

TEST_F(HttpServer, RefusesABodyOverTheLimit) {
  limits_.body_bytes_max = 10;
  const std::string text = exchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n01234567890");
  EXPECT_EQ(text.substr(0, 12), "HTTP/1.1 413");
}

TEST_F(HttpServer, RefusesBodiesThatTogetherAreTooMany) {
  limits_.bodies_bytes_max = 1000;
  const int port = start();
  TestSocket first(port), second(port);
  first.send("POST /never HTTP/1.1\r\nHost: h\r\nContent-Length: 900\r\n\r\n" + std::string(900, 'x'));
  ASSERT_TRUE(eventually([this] { return begun_ == 1; }));
  second.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 200\r\n\r\n" + std::string(200, 'x'));
  const std::string text = second.receive_all();
  EXPECT_EQ(text.substr(0, 12), "HTTP/1.1 429");
  EXPECT_NE(text.find("Retry-After: 1\r\n"), std::string::npos);
}

TEST_F(HttpServer, OneClientsBodiesLeaveRoomForThoseOfOthers) {
  limits_.client_bodies_bytes_max = 1000;
  const int port = start();
  TestSocket held(port), same(port), other(port, "127.0.0.2");
  held.send("POST /never HTTP/1.1\r\nHost: h\r\nContent-Length: 900\r\n\r\n" + std::string(900, 'x'));
  ASSERT_TRUE(eventually([this] { return begun_ == 1; }));
  const std::string post = "POST /length HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 200\r\n\r\n" + std::string(200, 'x');
  same.send(post);
  EXPECT_EQ(same.receive_all().substr(0, 12), "HTTP/1.1 429");
  other.send(post);
  EXPECT_EQ(other.receive_all().substr(0, 12), "HTTP/1.1 200");
  // What was refused is held no longer, and what has no body takes nothing.
  EXPECT_TRUE(exchange_on(port, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").starts_with("HTTP/1.1 200"));
}

TEST_F(HttpServer, RefusesAHeadOverTheLimit) {
  limits_.header_bytes_max = 1000;
  std::string sent = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 100; ++i) sent += "X-" + std::to_string(i) + ": 0123456789\r\n";
  EXPECT_EQ(exchange(sent + "\r\n").substr(0, 12), "HTTP/1.1 431");
}

TEST_F(HttpServer, CountsAHeadThatComesInPieces) {
  limits_.header_bytes_max = 1000;
  TestSocket client(start());
  client.send("GET / HTTP/1.1\r\n");
  std::string text;
  for (int i = 0; i < 100 && text.empty(); ++i) {
    client.send("X-" + std::to_string(i) + ": 0123456789\r\n");
    text = client.receive(5);
  }
  EXPECT_EQ(text.substr(0, 12), "HTTP/1.1 431");
}

TEST_F(HttpServer, RefusesAChunksHeadOrTrailersWithoutEnd) {
  limits_.header_bytes_max = 1000;
  const std::string head = "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  const int port = start();
  for (const std::string_view line : {"5;a=", "0\r\nX: "}) {
    TestSocket client(port);
    client.send(head + std::string(line) + std::string(2000, 'a'));
    EXPECT_EQ(client.receive_all().substr(0, 12), "HTTP/1.1 431") << line;
  }
}

TEST_F(HttpServer, RefusesWhatIsNoHttp) {
  const std::string text = exchange("what is this\r\n\r\n");
  EXPECT_EQ(text.substr(0, 12), "HTTP/1.1 400") << text;
}

TEST_F(HttpServer, RefusesABodyOfTwoLengths) {
  const std::string text = exchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  EXPECT_EQ(text.substr(0, 12), "HTTP/1.1 400") << text;
}

TEST_F(HttpServer, LeavesTheBodyOutForHead) {
  const std::string text = exchange("HEAD /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(text.ends_with("\r\n\r\n")) << text;
  EXPECT_NE(text.find("Content-Length: 9\r\n"), std::string::npos) << text;
}

TEST_F(HttpServer, AClientThatGoesAwayEndsItsHandler) {
  TestSocket client(start());
  client.send("GET /never HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(eventually([this] { return running_ == 1; }));
  client.hang_up();
  EXPECT_TRUE(eventually([this] { return running_ == 0; }));
}

TEST_F(HttpServer, ASlowClientHoldsUpItsHandlerAndIsCutOff) {
  limits_.stall_max = std::chrono::milliseconds(600);
  limits_.tick = std::chrono::milliseconds(20);
  TestSocket client(start());
  client.send("GET /forever HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(eventually([this] { return pieces_ > 0; }));
  usleep(200'000);
  const int written = pieces_;
  usleep(200'000);
  EXPECT_EQ(pieces_, written);  // it waits
  EXPECT_TRUE(eventually([this] { return running_ == 0; }));
}

TEST_F(HttpServer, ARequestThatIsLateIsDropped) {
  limits_.request_max = std::chrono::milliseconds(100);
  limits_.tick = std::chrono::milliseconds(20);
  TestSocket client(start());
  client.send("GET / HTTP/1.1\r\nHo");
  EXPECT_EQ(client.receive_all(), "");
}

TEST_F(HttpServer, AnIdleConnectionIsClosed) {
  limits_.idle_max = std::chrono::milliseconds(100);
  limits_.tick = std::chrono::milliseconds(20);
  const int port = start();
  TestSocket used(port), unused(port);
  used.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(used.receive_all().ends_with("GET /? "));
  EXPECT_EQ(unused.receive_all(), "");
}

TEST_F(HttpServer, AnAnswerThatIsNotWholeEndsTheConnection) { EXPECT_EQ(exchange("GET /silent HTTP/1.1\r\nHost: h\r\n\r\n"), ""); }

TEST_F(HttpServer, StoppingLetsAnswersEnd) {
  const int port = start();
  TestSocket busy(port), idle(port);
  busy.send("GET /soon HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(eventually([this] { return running_ == 1; }));
  on_loop([this] { server_->stop_accepting(); });
  EXPECT_EQ(idle.receive_all(), "");
  const std::string text = busy.receive_all();
  EXPECT_TRUE(text.ends_with("soon")) << text;
  EXPECT_NE(text.find("Connection: close\r\n"), std::string::npos);
}

TEST(HttpListener, SaysWhichAddressIsTaken) {
  auto first = Listener::open("127.0.0.1", 0);
  ASSERT_TRUE(first);
  auto second = Listener::open("127.0.0.1", first->port());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, "listen on " + first->authority() + ": Address already in use");
  EXPECT_FALSE(Listener::open("localhost", 0));
}

TEST(HttpListener, TellsItsAddressAsAUrlHasIt) {
  auto listener = Listener::open("::1", 0);
  if (!listener) GTEST_SKIP() << "this machine has no IPv6: " << listener.error().message;
  EXPECT_EQ(listener->authority(), "[::1]:" + std::to_string(listener->port()));
}

TEST(HttpText, DecodesAndEncodesPercent) {
  EXPECT_EQ(percent_decode("a%2Fb+c"), "a/b+c");
  EXPECT_EQ(percent_decode("a+b", true), "a b");
  EXPECT_EQ(percent_decode("%zz"), std::nullopt);
  EXPECT_EQ(percent_encode("a/b c"), "a%2Fb%20c");
}

TEST(HttpText, ReadsAQuery) {
  const auto query = parse_query("a=1&b=x%3Dy&flag");
  ASSERT_TRUE(query);
  ASSERT_EQ(query->size(), 3u);
  EXPECT_EQ((*query)[1].second, "x=y");
  EXPECT_EQ((*query)[2].first, "flag");
}

TEST(HttpBody, SharesWhatItIsMadeOf) {
  const auto text = std::make_shared<const std::string>("hello");
  Body body("<");
  body.append(text, 1, 3);
  body.append_literal("");
  body.append_literal(">");
  body.append(Body("!"));
  EXPECT_EQ(body.size(), 6u);
  EXPECT_EQ(body.text(), "<ell>!");
  EXPECT_EQ(body.pieces().size(), 4u);
  EXPECT_EQ(body.pieces()[1].bytes.data(), text->data() + 1);
}

}  // namespace
}  // namespace stint::http
