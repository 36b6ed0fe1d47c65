// Checks over the network, against a server on loopback that says what it is told to.
#include "node/probes/checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node/probes/grpc_message.h"
#include "node/probes/http_action.h"
#include "os/socket.h"
#include "runtime/fake/fake_runtime.h"

namespace stint {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using Kind = CheckResult::Kind;

class Networked final : public FakeRuntime {
 public:
  using FakeRuntime::FakeRuntime;
  bool has_network() const override { return true; }
};

// Answers one connection after another with the next of `answers`; none left: says nothing.
class Server {
 public:
  Server(Loop& loop, std::vector<std::string> answers) : loop_(loop), answers_(std::move(answers)), scope_(loop) {
    listener_ = *os::listen_for_streams(*os::Endpoint::of("127.0.0.1", 0));
    port_ = os::own_endpoint(listener_.get())->port();
    scope_.spawn(serve());
  }
  int port() const { return port_; }
  std::vector<std::string> requests;

 private:
  Task<void> serve() {
    for (size_t i = 0;; ++i) {
      co_await readable(loop_, listener_.get());
      auto caller = os::accept_stream(listener_.get());
      if (!caller) continue;
      streams_.push_back(std::move(caller->stream));
      if (i < answers_.size()) co_await answer(streams_.back().get(), answers_[i]);
      if (i < answers_.size()) streams_.pop_back();
    }
  }
  Task<void> answer(int fd, std::string text) {
    std::string request;
    while (!request.ends_with("\r\n\r\n")) {
      auto byte = co_await os::receive_bytes(loop_, fd, 1);
      if (!byte) co_return;
      request += *byte;
    }
    requests.push_back(request);
    static_cast<void>(co_await os::send_bytes(loop_, fd, std::move(text)));
  }

  Loop& loop_;
  std::vector<std::string> answers_;
  os::Descriptor listener_;
  int port_ = 0;
  std::vector<os::Descriptor> streams_;
  Scope scope_;
};

std::string answer(const std::string& head, const std::string& body = "") {
  return "HTTP/1.1 " + head + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
}

class ChecksTest : public testing::Test {
 protected:
  ChecksTest() : loop(make_system_loop(1)), runtime(*loop), checks(*loop, runtime) {
    auto checked = std::make_shared<CheckedContainer>();
    checked->pod = std::make_shared<corev1::Pod>();
    checked->address = "127.0.0.1";
    container = checked;
  }
  CheckResult check(corev1::Probe probe) {
    CheckResult result;
    Scope scope(*loop);
    scope.spawn(check_and_stop(std::move(probe), &result));
    loop->run();
    return result;
  }
  Task<void> check_and_stop(corev1::Probe probe, CheckResult* result) {
    *result = co_await checks.probe(container, std::move(probe));
    loop->stop();
  }
  static corev1::Probe http(int port, const std::string& path = "/") {
    corev1::Probe probe;
    probe.set_timeoutseconds(1);
    auto& action = *probe.mutable_handler()->mutable_httpget();
    action.mutable_port()->set_intval(port);
    action.set_path(path);
    return probe;
  }

  std::unique_ptr<Loop> loop;
  Networked runtime;
  Checks checks;
  CheckedContainerPtr container;
};

TEST_F(ChecksTest, HttpSucceedsFromTwoHundredAndTellsWhoAsks) {
  Server server(*loop, {answer("200 OK", "fine")});
  const auto result = check(http(server.port(), "/healthz?full=1"));
  EXPECT_EQ(result.kind, Kind::kSuccess);
  EXPECT_EQ(result.text, "fine");
  ASSERT_EQ(server.requests.size(), 1U);
  EXPECT_THAT(server.requests[0], StartsWith("GET /healthz?full=1 HTTP/1.1\r\n"));
  EXPECT_THAT(server.requests[0], HasSubstr("User-Agent: kube-probe/1.37\r\n"));
  EXPECT_THAT(server.requests[0], HasSubstr("Accept: */*\r\n"));
  EXPECT_THAT(server.requests[0], Not(HasSubstr("Accept-Encoding")));
}

TEST_F(ChecksTest, HttpSendsTheHeadersOfTheProbe) {
  Server server(*loop, {answer("204 No Content")});
  auto probe = http(server.port());
  auto add = [&](const std::string& name, const std::string& value) {
    auto& header = *probe.mutable_handler()->mutable_httpget()->add_httpheaders();
    header.set_name(name);
    header.set_value(value);
  };
  add("User-Agent", "mine");
  add("Host", "example.com");
  add("Accept", "");
  add("X-Empty", "");
  EXPECT_EQ(check(probe).kind, Kind::kSuccess);
  EXPECT_THAT(server.requests[0], HasSubstr("User-Agent: mine\r\n"));
  EXPECT_THAT(server.requests[0], HasSubstr("Host: example.com\r\n"));
  EXPECT_THAT(server.requests[0], HasSubstr("X-Empty:\r\n"));
  EXPECT_THAT(server.requests[0], Not(HasSubstr("Accept")));
}

TEST_F(ChecksTest, HttpFailsFromFourHundredWithoutTheBody) {
  Server server(*loop, {answer("503 No", "a secret")});
  const auto result = check(http(server.port()));
  EXPECT_EQ(result.kind, Kind::kFailure);
  EXPECT_EQ(result.text, "HTTP probe failed with statuscode: 503");
}

TEST_F(ChecksTest, HttpFollowsARedirectOnTheSameHostAlone) {
  Server same(*loop, {answer("302 Found\r\nLocation: /next"), answer("200 OK")});
  EXPECT_EQ(check(http(same.port())).kind, Kind::kSuccess);
  EXPECT_THAT(same.requests.back(), StartsWith("GET /next "));
  Server other(*loop, {answer("302 Found\r\nLocation: http://192.0.2.1/", "moved")});
  const auto result = check(http(other.port()));
  EXPECT_EQ(result.kind, Kind::kWarning);
  EXPECT_EQ(result.text, "Probe terminated redirects, Response body: moved");
}

TEST_F(ChecksTest, HttpReadsTenKibibytesAndThenHasSeenEnough) {
  Server server(*loop, {answer("200 OK", std::string(100'000, 'x'))});
  const auto result = check(http(server.port()));
  EXPECT_EQ(result.kind, Kind::kSuccess);
  EXPECT_EQ(result.text.size(), 10U * 1024);
}

TEST_F(ChecksTest, WhoSaysNothingHasFailedWhenTheTimeIsOver) {
  Server server(*loop, {});
  const auto result = check(http(server.port()));
  EXPECT_EQ(result.kind, Kind::kFailure);
  EXPECT_THAT(result.text, HasSubstr("context deadline exceeded"));
}

TEST_F(ChecksTest, TcpSucceedsWhereSomebodyListens) {
  corev1::Probe probe;
  probe.set_timeoutseconds(1);
  int port = 0;
  {
    Server server(*loop, {});
    port = server.port();
    probe.mutable_handler()->mutable_tcpsocket()->mutable_port()->set_intval(port);
    EXPECT_EQ(check(probe).kind, Kind::kSuccess);
  }
  const auto result = check(probe);
  EXPECT_EQ(result.kind, Kind::kFailure);
  EXPECT_THAT(result.text, StartsWith("dial tcp 127.0.0.1:" + std::to_string(port) + ": "));
}

TEST_F(ChecksTest, GrpcFailsWhereNobodyListens) {
  int port = 0;
  {
    const Server server(*loop, {});
    port = server.port();
  }
  corev1::Probe probe;
  probe.mutable_handler()->mutable_grpc()->set_port(port);
  EXPECT_THAT(check(probe).text, StartsWith("error: failed to connect service at \"127.0.0.1:" + std::to_string(port)));
}

TEST(HttpAction, APortMayBeANumberANameOrANumberAsText) {
  corev1::Container container;
  container.add_ports()->set_name("web");
  container.mutable_ports(0)->set_containerport(8080);
  intstr::IntOrString port;
  port.set_type(1);
  port.set_strval("web");
  EXPECT_EQ(*resolve_port(port, container), 8080);
  port.set_strval("81");
  EXPECT_EQ(*resolve_port(port, container), 81);
  port.set_strval("none");
  EXPECT_EQ(resolve_port(port, container).error().message, "port none not found");
  port.set_strval("70000");
  EXPECT_EQ(resolve_port(port, container).error().message, "invalid port number: 70000");
}

TEST(HttpAction, TheUrlKeepsTheQueryAndBracketsIpv6) {
  corev1::HTTPGetAction action;
  action.mutable_port()->set_intval(80);
  action.set_path("a b?c=d");
  action.set_scheme("HTTPS");
  const auto request = http_request(action, {}, "fd00::1", "lifecycle");
  EXPECT_EQ(request->url, "https://[fd00::1]:80/a%20b?c=d");
  EXPECT_THAT(request->headers, testing::Contains("User-Agent: kube-lifecycle/1.37"));
  EXPECT_EQ(host_of(request->url), "[fd00::1]");
  EXPECT_EQ(host_of("http://user@h.example:8080/x"), "h.example");
}

TEST(GrpcMessage, OnlyServingIsGood) {
  auto answered = [](const std::string& code, const std::string& body) {
    return FetchAnswer{.kind = FetchAnswer::Kind::kAnswered, .status = 200, .body = body, .headers = {{"grpc-status", code}}};
  };
  const std::string head(4, '\0');
  EXPECT_EQ(judge_grpc_health(answered("0", head + "\x02\x08\x01")).kind, Kind::kSuccess);
  EXPECT_EQ(judge_grpc_health(answered("0", head + "\x02\x08\x02")).text, "service unhealthy (responded with \"NOT_SERVING\")");
  EXPECT_EQ(judge_grpc_health(answered("0", head + std::string(1, '\0'))).text, "service unhealthy (responded with \"UNKNOWN\")");
  EXPECT_EQ(judge_grpc_health(answered("0", "")).kind, Kind::kFailure);
  EXPECT_EQ(judge_grpc_health(answered("0", head + "\x02\x08")).kind, Kind::kFailure);
  EXPECT_THAT(judge_grpc_health(answered("12", "")).text, HasSubstr("does not implement"));
  EXPECT_EQ(judge_grpc_health(answered("5", "")).kind, Kind::kFailure);
}

TEST(GrpcMessage, ARequestNamesItsService) {
  EXPECT_EQ(grpc_health_request(""), std::string(5, '\0'));
  EXPECT_EQ(grpc_health_request("a"), std::string(4, '\0') + "\x03\x0a\x01" + "a");
}

}  // namespace
}  // namespace stint
