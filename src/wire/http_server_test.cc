#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "wire/http.h"
#include "wire/pki.h"

namespace stint::http {
namespace {

Task<void> echo(Request request, Response& response) {
  if (request.path == "/stream") {
    co_await response.begin(200, {{"Content-Type", "text/plain"}});
    co_await response.write("one");
    co_await response.write("two");
    co_await response.end();
    co_return;
  }
  co_await response.send(200, {{"Content-Type", "text/plain"}},
                         request.method + " " + request.path + "?" + request.query + " " + request.body);
}

// Runs `client` against a plain server on its own thread, until it returns.
class HttpServer : public testing::Test {
 protected:
  std::string exchange(const std::string& sent) {
    auto loop = make_system_loop(1);
    auto listener = Listener::open("127.0.0.1", 0);
    EXPECT_TRUE(listener.has_value());
    const int port = listener->port();
    auto server = serve(*loop, *std::move(listener), ServerOptions{.limits = limits_}, echo);
    EXPECT_TRUE(server.has_value());
    std::string received;
    std::thread client([&] {
      received = talk(port, sent);
      loop->post_from_thread([&] { loop->stop(); });
    });
    loop->run();
    client.join();
    return received;
  }

  Limits limits_;

 private:
  static std::string talk(int port, const std::string& sent) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(write(fd, sent.data(), sent.size()), static_cast<ssize_t>(sent.size()));
    std::string received;
    char buffer[4096];
    for (ssize_t size; (size = read(fd, buffer, sizeof buffer)) > 0;) received.append(buffer, static_cast<size_t>(size));
    close(fd);
    return received;
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

TEST_F(HttpServer, StreamsInChunks) {
  const std::string text = exchange("GET /stream HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_NE(text.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_NE(text.find("3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"), std::string::npos) << text;
}

TEST_F(HttpServer, RefusesABodyOverTheLimit) {
  limits_.body_bytes_max = 10;
  const std::string text = exchange("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n01234567890");
  EXPECT_EQ(text.substr(0, 12), "HTTP/1.1 413");
}

TEST_F(HttpServer, RefusesWhatIsNoHttp) {
  const std::string text = exchange("what is this\r\n\r\n");
  EXPECT_EQ(text.substr(0, 12), "HTTP/1.1 400") << text;
}

TEST_F(HttpServer, LeavesTheBodyOutForHead) {
  const std::string text = exchange("HEAD /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(text.ends_with("\r\n\r\n")) << text;
  EXPECT_NE(text.find("Content-Length: 9\r\n"), std::string::npos) << text;
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

TEST(Pki, IssuesCertificatesForTheHostsAsked) {
  const WallTime now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  auto authority = pki::make_authority("stint", now);
  ASSERT_TRUE(authority) << authority.error().message;
  auto server = pki::issue_server(*authority, {.common_name = "stint", .organizations = {}}, {"localhost", "127.0.0.1"}, now);
  ASSERT_TRUE(server) << server.error().message;
  EXPECT_EQ(pki::hosts_of(server->certificate_pem).value(), (std::vector<std::string>{"localhost", "127.0.0.1"}));
  EXPECT_GT(pki::expiry_of(server->certificate_pem).value(), now + std::chrono::days(800));
}

}  // namespace
}  // namespace stint::http
