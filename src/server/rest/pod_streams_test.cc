#include "server/rest/pod_streams.h"

#include <gmock/gmock.h>

#include <deque>

#include "server/rest/rest_testing.h"
#include "wire/spdy_testing.h"

namespace stint {
namespace {

using http::spdy::TestClient;
using rest::RestTest;
using testing::HasSubstr;

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

// Gives back what it is given, until its input ends.
class Connection : public PodConnection {
 public:
  explicit Connection(Loop& loop) : more_(loop) {}
  Task<Result<std::string>> read() override {
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
  void end_output() override {
    ended_ = true;
    more_.set();
  }

 private:
  Event more_;
  bool ended_ = false;
  std::string text_;
};

class FakeForward : public ForwardSource {
 public:
  explicit FakeForward(Loop& loop) : loop_(loop) {}
  Task<Result<std::string>> find_sandbox(std::string, std::string pod) override { co_return pod; }
  Task<Result<std::unique_ptr<PodConnection>>> connect(std::string, int port) override {
    if (port == 9) co_return fail(Reason::kInternalError, "nobody listens");
    co_return std::make_unique<Connection>(loop_);
  }

 private:
  Loop& loop_;
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
  Task<Result<std::unique_ptr<ExecSession>>> attach(std::string, AttachOptions options) override {
    co_return std::make_unique<Session>(loop_, ExecOptions{.command = {"0"}, .in = options.in, .out = options.out, .err = options.err});
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

class PodStreams : public RestTest {
 protected:
  PodStreams() {
    RestOptions options;
    options.exec = &fake_;
    options.forward = &forward_;
    handler_ = std::make_unique<RestHandler>(loop_, *server_, std::move(options));
    post("/api/v1/namespaces/default/pods", R"({"metadata":{"name":"p"},"spec":{"nodeName":"n","containers":[{"name":"c","image":"i"}]}})");
    post("/api/v1/namespaces/default/pods", R"({"metadata":{"name":"waiting"},"spec":{"containers":[{"name":"c","image":"i"}]}})");
  }
  static http::Headers upgrade(std::string protocols) {
    return {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Protocol", std::move(protocols)}};
  }
  // With SPDY in the place of HTTP; what the client says it says to `client_`.
  Response open_spdy(const std::string& target, const std::string& versions) {
    auto response = std::make_shared<rest::RecordedResponse>();
    response->bytes = &client_;
    http::Headers headers{
        {"Upgrade", "SPDY/3.1"}, {"Connection", "Upgrade"}, {"X-Stream-Protocol-Version", versions}, {"Authorization", "Bearer secret"}};
    scope_.spawn(handler_->handle(make_request("POST", target, "", std::move(headers)), *response));
    responses_.push_back(response);
    loop_.run_ready();
    return response;
  }
  std::string heard() {
    loop_.run_ready();
    return std::exchange(client_.heard, "");
  }

  FakeExec fake_{loop_};
  FakeForward forward_{loop_};
  TestClient client_{loop_};
  std::vector<Response> responses_;
  Scope scope_{loop_};
};

constexpr char kExec[] = "/api/v1/namespaces/default/pods/p/exec";
constexpr char kAttach[] = "/api/v1/namespaces/default/pods/p/attach";
constexpr char kForward[] = "/api/v1/namespaces/default/pods/p/portforward";

TEST_F(PodStreams, CarriesTheStreamsAsChannels) {
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

TEST_F(PodStreams, TellsTheExitCode) {
  Client client("v4.channel.k8s.io", {});
  open(std::string(kExec) + "?command=exit&command=3&stdout=true", scope_, upgrade("v4.channel.k8s.io"), &client);
  EXPECT_NE(client.heard.find(R"("reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"3"}]})"),
            std::string::npos)
      << client.heard;
  EXPECT_EQ(client.heard.find("2:"), std::string::npos) << client.heard;  // not asked for
}

TEST_F(PodStreams, RefusesWhatCannotBeRun) {
  const std::string out = "?command=true&stdout=true";
  EXPECT_NE(get(kExec + std::string("?stdout=true"))->text.find("you must specify at least 1 command for the container"),
            std::string::npos);
  EXPECT_EQ(get(kExec + out)->code, 400);  // no WebSocket
  const auto ended = get(kExec + out + "&container=ended");
  EXPECT_EQ(ended->code, 500);
  EXPECT_THAT(ended->text, HasSubstr("container not found (\\\"ended\\\")"));
  EXPECT_EQ(get("/api/v1/namespaces/default/pods/none/exec" + out)->code, 404);
  EXPECT_NE(get("/api/v1/namespaces/default/pods/waiting/exec" + out)->text.find("pod waiting does not have a host assigned"),
            std::string::npos);
}

TEST_F(PodStreams, SpeaksInBase64ToWhomAsksForIt) {
  Client client("v4.base64.channel.k8s.io", {"0dG8gYW5kIGZybw=="});
  open(std::string(kExec) + "?command=exit&command=0&stdin=true&stdout=true", scope_, upgrade("v4.base64.channel.k8s.io"), &client);
  EXPECT_EQ(client.heard, "49:;49:dG8gYW5kIGZybw==;");
}

TEST_F(PodStreams, OldVersionsAreToldTheEndInASentence) {
  Client client("channel.k8s.io", {});
  open(std::string(kExec) + "?command=exit&command=3&stdout=true", scope_, upgrade("channel.k8s.io"), &client);
  EXPECT_THAT(client.heard, HasSubstr("3:command terminated with non-zero exit code: command terminated with exit code 3;"));
}

TEST_F(PodStreams, AttachJoinsTheProcessOfTheContainer) {
  using namespace std::string_literals;
  Client client("v5.channel.k8s.io", {"\0to and fro"s, "\xff\0"s});
  auto answer = open(std::string(kAttach) + "?stdin=true&stdout=true&stderr=true", scope_, upgrade("v5.channel.k8s.io"), &client);
  EXPECT_EQ(answer->code, 101);
  EXPECT_THAT(client.heard, testing::AllOf(HasSubstr("1:to and fro;"), HasSubstr("2:oops;"), testing::EndsWith("\"Success\"};")));
  EXPECT_THAT(get(kAttach)->text, HasSubstr("you must specify at least 1 of stdin, stdout, stderr"));
}

TEST_F(PodStreams, CarriesTheStreamsOverSpdy) {
  auto answer = open_spdy(std::string(kExec) + "?command=exit&command=3&stdin=true&stdout=true&stderr=true",
                          "v5.channel.k8s.io, v4.channel.k8s.io, v3.channel.k8s.io, v2.channel.k8s.io, channel.k8s.io");
  EXPECT_EQ(answer->code, 101);
  EXPECT_EQ(answer->header("X-Stream-Protocol-Version"), "v4.channel.k8s.io");
  client_.open(1, {{"streamtype", "error"}});
  client_.open(3, {{"streamtype", "stdin"}});
  client_.open(5, {{"streamtype", "stdout"}});
  EXPECT_EQ(heard(), "1+ 3+ 5+ ");  // nothing before all are there
  client_.open(7, {{"streamtype", "stderr"}});
  client_.data(3, "to and fro");
  EXPECT_THAT(heard(), testing::AllOf(HasSubstr("7:oops "), HasSubstr("5:to and fro ")));
  client_.data(3, "", true);
  const std::string end = heard();
  EXPECT_THAT(end, HasSubstr("5. 7. 1:{"));
  EXPECT_THAT(end, HasSubstr(R"("causes":[{"reason":"ExitCode","message":"3"}])"));
  EXPECT_THAT(end, testing::EndsWith(" 1. bye "));
  EXPECT_TRUE(client_.closed);
}

TEST_F(PodStreams, TerminalSizesComeOverSpdy) {
  open_spdy(std::string(kExec) + "?command=exit&command=0&stdin=true&stdout=true&tty=true", "v3.channel.k8s.io");
  const char* types[] = {"error", "stdin", "stdout", "resize"};
  for (uint32_t i = 0; i < 4; ++i) client_.open(2 * i + 1, {{"streamtype", types[i]}});
  client_.data(7, "{\"Width\":80,\"Height\":24}\n{\"Width\":");
  client_.data(7, "91,\"Height\":17}\n");
  client_.data(3, "x");
  EXPECT_THAT(heard(), HasSubstr("80x2491x17"));
  client_.data(3, "", true);
  EXPECT_THAT(heard(), testing::AllOf(testing::Not(HasSubstr("Success")), HasSubstr("1. bye")));  // version 3 tells failures only
}

TEST_F(PodStreams, AClientThatOpensTooLittleIsLeft) {
  auto answer = open_spdy(std::string(kExec) + "?command=exit&command=0&stdout=true", "v4.channel.k8s.io");
  client_.open(1, {{"streamtype", "error"}});
  client_.open(3, {{"streamtype", "nonsense"}});
  EXPECT_EQ(heard(), "1+ 3+ 3! ");
  loop_.run_for(std::chrono::seconds(31));
  EXPECT_FALSE(client_.closed);
  EXPECT_EQ(heard(), "");
}

TEST_F(PodStreams, VersionsThatNobodySpeaksAreRefused) {
  auto answer = open_spdy(std::string(kExec) + "?command=true&stdout=true", "v9.channel.k8s.io");
  EXPECT_EQ(answer->code, 403);
  EXPECT_EQ(answer->header("X-Accepted-Stream-Protocol-Versions"), "v4.channel.k8s.io");
  EXPECT_EQ(open_spdy(kForward, "v4.channel.k8s.io")->code, 403);
}

TEST_F(PodStreams, ForwardsConnectionsBesideEachOther) {
  auto answer = open_spdy(kForward, "portforward.k8s.io");
  EXPECT_EQ(answer->code, 101);
  EXPECT_EQ(answer->header("X-Stream-Protocol-Version"), "portforward.k8s.io");
  for (const char* request : {"0", "1"}) {
    const uint32_t first = request[0] == '0' ? 1 : 5;
    client_.open(first, {{"streamtype", "error"}, {"port", "80"}, {"requestid", request}}, true);
    client_.open(first + 2, {{"streamtype", "data"}, {"port", "80"}, {"requestid", request}});
  }
  EXPECT_EQ(heard(), "1+ 3+ 5+ 7+ ");
  client_.data(7, "seven");
  client_.data(3, "three");
  EXPECT_THAT(heard(), testing::AllOf(HasSubstr("7:seven "), HasSubstr("3:three ")));
  client_.data(3, "", true);
  EXPECT_EQ(heard(), "3. 1. ");  // the other one goes on
  client_.data(7, "more");
  EXPECT_EQ(heard(), "7:more ");
}

TEST_F(PodStreams, APortThatNobodyListensOnIsToldAndTheRestGoesOn) {
  open_spdy(kForward, "portforward.k8s.io");
  client_.open(1, {{"streamtype", "error"}, {"port", "9"}, {"requestid", "0"}}, true);
  client_.open(3, {{"streamtype", "data"}, {"port", "9"}, {"requestid", "0"}});
  EXPECT_THAT(heard(), testing::MatchesRegex("1. 3. 1:error forwarding port 9 to pod p, uid .*: nobody listens 1. 3! "));
  client_.open(5, {{"streamtype", "error"}, {"port", "0"}, {"requestid", "1"}});
  client_.open(7, {{"streamtype", "video"}, {"port", "80"}, {"requestid", "1"}});
  EXPECT_EQ(heard(), "5+ 7+ 5! 7! ");
  client_.open(9, {{"streamtype", "error"}, {"port", "80"}});  // from before there were request ids
  client_.open(11, {{"streamtype", "data"}, {"port", "80"}});
  client_.data(11, "x", true);
  EXPECT_EQ(heard(), "9+ 11+ 11:x 11. 9. ");
}

TEST_F(PodStreams, AStreamThatStaysAloneIsGivenUp) {
  open_spdy(kForward, "portforward.k8s.io");
  client_.open(1, {{"streamtype", "error"}, {"port", "80"}, {"requestid", "0"}});
  heard();
  loop_.run_for(std::chrono::seconds(31));
  EXPECT_EQ(heard(), "1:timed out waiting for streams 1. ");
}

TEST_F(PodStreams, ForwardsThroughAWebSocketAsSpdy) {
  http::spdy::FrameWriter writer;
  Client client("SPDY/3.1+portforward.k8s.io", {writer.syn_stream(1, {{"streamtype", "error"}, {"port", "80"}, {"requestid", "0"}}),
                                                writer.syn_stream(3, {{"streamtype", "data"}, {"port", "80"}, {"requestid", "0"}}),
                                                http::spdy::data_head(3, false, 5) + "hello"});
  auto answer = open(kForward, scope_, upgrade("SPDY/3.1+portforward.k8s.io"), &client);
  EXPECT_EQ(answer->code, 101);
  EXPECT_THAT(client.heard, HasSubstr("hello"));
}

TEST_F(PodStreams, ForwardsPortsAsChannelsForOlderLibraries) {
  using namespace std::string_literals;
  Client client("v4.channel.k8s.io", {"\0hello"s});
  auto answer = open(std::string(kForward) + "?ports=80,9", scope_, upgrade("v4.channel.k8s.io"), &client);
  EXPECT_EQ(answer->code, 101);
  EXPECT_THAT(client.heard, testing::AllOf(HasSubstr("0:P\0;"s), HasSubstr("1:P\0;"s), HasSubstr("2:\t\0;"s), HasSubstr("0:hello;")));
  EXPECT_THAT(client.heard, HasSubstr("3:error forwarding port 9 to pod p"));
  EXPECT_EQ(client.closed_with, 0);  // the first one goes on
}

TEST_F(PodStreams, RefusesPortsThatAreNone) {
  const auto refusal = [this](const std::string& query) {
    Client client("v4.channel.k8s.io", {});
    Scope scope(loop_);
    return open(kForward + query, scope, upgrade("v4.channel.k8s.io"), &client)->text;
  };
  EXPECT_THAT(refusal(""), HasSubstr("query parameter \\\"ports\\\" is required"));
  EXPECT_THAT(refusal("?ports=80,x"), HasSubstr("unable to parse \\\"x\\\" as a port"));
  EXPECT_THAT(refusal("?ports=65536"), HasSubstr("as a port"));
  EXPECT_EQ(get(kForward)->code, 400);  // no upgrade
}

TEST_F(PodStreams, OneWithoutTheRightToCreateThemIsRefused) {
  for (const char* path : {kExec, kAttach, kForward}) {
    const std::string text = send_as_is("GET", std::string(path) + "?command=x&stdout=true")->text;
    EXPECT_THAT(text, HasSubstr("Forbidden")) << path;
  }
}

}  // namespace
}  // namespace stint
