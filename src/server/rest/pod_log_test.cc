#include "server/rest/pod_log.h"

#include "server/rest/rest_testing.h"

namespace stint {
namespace {

using rest::RestTest;

class TwoChunks : public LogStream {
 public:
  Task<std::optional<std::string>> next() override {
    ++sent_;
    if (sent_ == 1) co_return "one\n";
    if (sent_ == 2) co_return "two\n";
    co_return std::nullopt;
  }

 private:
  int sent_ = 0;
};

class FakeLogs : public LogSource {
 public:
  Task<Result<std::unique_ptr<LogStream>>> open_log(std::string, std::string, LogOptions options) override {
    if (options.container == "nope") co_return fail(Reason::kBadRequest, "container nope is not valid for pod p");
    asked = options;
    co_return std::make_unique<TwoChunks>();
  }
  LogOptions asked;
};

class PodLogTest : public RestTest {
 protected:
  PodLogTest() {
    RestOptions options;
    options.logs = &fake_;
    handler_ = std::make_unique<RestHandler>(loop_, *server_, std::move(options));
    post("/api/v1/namespaces/default/pods", R"({"metadata":{"name":"p"},"spec":{"nodeName":"n","containers":[{"name":"c","image":"i"}]}})");
    post("/api/v1/namespaces/default/pods", R"({"metadata":{"name":"waiting"},"spec":{"containers":[{"name":"c","image":"i"}]}})");
  }
  FakeLogs fake_;
};

TEST_F(PodLogTest, StreamsPlainText) {
  auto log = get("/api/v1/namespaces/default/pods/p/log?container=c&follow=true&tailLines=10&sinceTime=2026-01-02T03:04:05Z");
  EXPECT_EQ(log->code, 200);
  EXPECT_EQ(log->header("Content-Type"), "text/plain");
  EXPECT_EQ(log->text, "one\ntwo\n");
  EXPECT_TRUE(fake_.asked.follow);
  EXPECT_EQ(fake_.asked.tail_lines, 10);
  EXPECT_EQ(fake_.asked.since_time, parse_rfc3339("2026-01-02T03:04:05Z"));
}

TEST_F(PodLogTest, RefusesOptionsOutOfRange) {
  for (std::string query :
       {"tailLines=-1", "limitBytes=0", "sinceSeconds=0", "stream=Stdout", "sinceSeconds=1&sinceTime=2026-01-02T03:04:05Z"}) {
    auto refused = get("/api/v1/namespaces/default/pods/p/log?" + query);
    EXPECT_EQ(refused->code, 422) << query;
    EXPECT_NE(refused->text.find(R"(PodLogOptions \"p\" is invalid: )"), std::string::npos) << refused->text;
  }
}

TEST_F(PodLogTest, APodWithoutANodeHasNothingToShow) { EXPECT_EQ(get("/api/v1/namespaces/default/pods/waiting/log")->code, 204); }

TEST_F(PodLogTest, PassesOnWhatTheNodeRefuses) {
  EXPECT_EQ(get("/api/v1/namespaces/default/pods/p/log?container=nope")->code, 400);
  EXPECT_EQ(get("/api/v1/namespaces/default/pods/none/log")->code, 404);
}

// Keeps what it hears.
class Listener : public http::WebSocket {
 public:
  explicit Listener(std::string protocol) : protocol_(std::move(protocol)) {}
  const std::string& protocol() const override { return protocol_; }
  Task<std::optional<Message>> receive() override { co_return std::nullopt; }
  void ignore_messages() override {}
  Task<bool> send(Kind kind, http::Body message) override {
    heard += (kind == Kind::kText ? "text:" : "binary:") + message.text() + ";";
    co_return true;
  }
  void close(uint16_t, std::string_view) override { heard += "close"; }
  std::string heard;

 private:
  std::string protocol_;
};

TEST_F(PodLogTest, GoesOverAWebSocketToo) {
  Scope scope(loop_);
  for (const auto& [protocol, heard] : {std::pair("binary.k8s.io", "binary:;binary:one\n;binary:two\n;close"),
                                        std::pair("base64.binary.k8s.io", "text:;text:b25lCg==;text:dHdvCg==;close")}) {
    Listener listener(protocol);
    auto answer = open("/api/v1/namespaces/default/pods/p/log", scope,
                       {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Protocol", protocol}}, &listener);
    EXPECT_EQ(answer->code, 101);
    EXPECT_EQ(listener.heard, heard);
  }
}

}  // namespace
}  // namespace stint
