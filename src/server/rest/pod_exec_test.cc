#include "server/rest/pod_exec.h"

#include <deque>

#include "server/rest/rest_testing.h"

namespace stint {
namespace {

using rest::RestTest;

// Gives back what it is given until its input ends, and then ends with the code asked for: {"exit", "3"}.
class Session : public ExecSession {
 public:
  Session(Loop& loop, ExecOptions options) : more_(loop), options_(std::move(options)), ended_(!options_.in) {}
  Task<std::string> read(Stream stream) override {
    if (stream == Stream::kErr) co_return std::exchange(complaint_, "");
    while (text_.empty() && !ended_) {
      more_.reset();
      co_await more_.wait();
    }
    co_return std::exchange(text_, "");
  }
  Task<bool> write(std::string bytes) override {
    text_ += bytes;
    more_.set();
    co_return true;
  }
  void end_input() override {
    ended_ = true;
    more_.set();
  }
  void resize(int columns, int rows) override { text_ += std::to_string(columns) + "x" + std::to_string(rows); }
  Task<Result<int>> wait() override { co_return std::stoi(options_.command.back()); }

 private:
  Event more_;
  ExecOptions options_;
  bool ended_;
  std::string text_, complaint_ = "oops";
};

class FakeExec : public ExecSource {
 public:
  explicit FakeExec(Loop& loop) : loop_(loop) {}
  Task<Result<std::string>> find_running(std::string, std::string, std::string container) override {
    if (container == "ended") co_return fail(Reason::kNotFound, "container not found (\"ended\")");
    co_return container;
  }
  Task<Result<std::unique_ptr<ExecSession>>> exec(std::string, ExecOptions options) override {
    co_return std::make_unique<Session>(loop_, std::move(options));
  }

 private:
  Loop& loop_;
};

// A client that says what it is told to, and keeps what it hears.
class Client : public http::WebSocket {
 public:
  explicit Client(std::string protocol, std::deque<std::string> says) : protocol_(std::move(protocol)), says_(std::move(says)) {}
  const std::string& protocol() const override { return protocol_; }
  Task<std::optional<Message>> receive() override {
    if (says_.empty()) co_await never_;
    Message message{.kind = Kind::kBinary, .bytes = says_.front()};
    says_.pop_front();
    co_return message;
  }
  void ignore_messages() override {}
  Task<bool> send(Kind, http::Body message) override {
    const std::string bytes = message.text();
    heard += std::to_string(bytes[0]) + ":" + bytes.substr(1) + ";";
    co_return true;
  }
  void close(uint16_t code, std::string_view) override { closed_with = code; }

  std::string heard;
  int closed_with = 0;

 private:
  std::string protocol_;
  std::deque<std::string> says_;
  std::suspend_always never_;
};

class PodExecTest : public RestTest {
 protected:
  PodExecTest() {
    RestOptions options;
    options.exec = &fake_;
    handler_ = std::make_unique<RestHandler>(loop_, *server_, std::move(options));
    post("/api/v1/namespaces/default/pods", R"({"metadata":{"name":"p"},"spec":{"nodeName":"n","containers":[{"name":"c","image":"i"}]}})");
    post("/api/v1/namespaces/default/pods", R"({"metadata":{"name":"waiting"},"spec":{"containers":[{"name":"c","image":"i"}]}})");
  }
  static http::Headers upgrade(std::string protocols) {
    return {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Protocol", std::move(protocols)}};
  }
  FakeExec fake_{loop_};
  Scope scope_{loop_};
};

constexpr char kExec[] = "/api/v1/namespaces/default/pods/p/exec";

TEST_F(PodExecTest, CarriesTheStreamsAsChannels) {
  using namespace std::string_literals;
  Client client("v5.channel.k8s.io", {"\0to and fro"s, "\4{\"Width\":80,\"Height\":24}"s, "\xff\0"s});
  auto answer = open(std::string(kExec) + "?command=exit&command=0&stdin=true&stdout=true&stderr=true", scope_,
                     upgrade("v5.channel.k8s.io, v4.channel.k8s.io"), &client);
  EXPECT_EQ(answer->code, 101);
  EXPECT_TRUE(client.heard.starts_with("1:;")) << client.heard;
  EXPECT_NE(client.heard.find("to and fro"), std::string::npos) << client.heard;
  EXPECT_NE(client.heard.find("80x24"), std::string::npos) << client.heard;
  EXPECT_NE(client.heard.find("2:oops;"), std::string::npos) << client.heard;
  EXPECT_TRUE(client.heard.ends_with("3:{\"metadata\":{},\"status\":\"Success\"};")) << client.heard;
  EXPECT_EQ(client.closed_with, 1000);
}

TEST_F(PodExecTest, TellsTheExitCode) {
  Client client("v4.channel.k8s.io", {});
  open(std::string(kExec) + "?command=exit&command=3&stdout=true", scope_, upgrade("v4.channel.k8s.io"), &client);
  EXPECT_NE(client.heard.find(R"("reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"3"}]})"),
            std::string::npos)
      << client.heard;
  EXPECT_EQ(client.heard.find("2:"), std::string::npos) << client.heard;  // not asked for
}

TEST_F(PodExecTest, RefusesWhatCannotBeRun) {
  const std::string out = "?command=true&stdout=true";
  EXPECT_NE(get(kExec + std::string("?stdout=true"))->text.find("you must specify at least 1 command for the container"),
            std::string::npos);
  EXPECT_EQ(get(kExec + out)->code, 400);  // no WebSocket
  EXPECT_EQ(get(kExec + out + "&container=ended")->code, 404);
  EXPECT_EQ(get("/api/v1/namespaces/default/pods/none/exec" + out)->code, 404);
  EXPECT_NE(get("/api/v1/namespaces/default/pods/waiting/exec" + out)->text.find("pod waiting does not have a host assigned"),
            std::string::npos);
}

}  // namespace
}  // namespace stint
