// The resolver over real sockets on loopback, with a stand-in for the host's resolver.
#include "node/dns/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "node/dns/stream.h"
#include "node/dns/test_objects.h"
#include "os/file.h"

namespace stint::dns {
namespace {

using namespace std::chrono_literals;

// A port that is free for datagrams may be somebody's for streams.
constexpr int kPortTries = 50;

// Replies as it is told, and keeps what it was asked.
class FakeServer {
 public:
  using Reply = std::function<std::string(std::string query, Transport transport)>;
  FakeServer(Loop& loop, Reply reply) : loop_(loop), reply_(std::move(reply)), scope_(loop) {
    for (int tries = 0; streams_.get() < 0 && tries < kPortTries; ++tries) {
      datagrams_ = *os::bind_datagrams(*os::Endpoint::of("127.0.0.1", 0));
      if (auto streams = os::listen_for_streams(address())) streams_ = *std::move(streams);
    }
    scope_.spawn(serve_datagrams());
    scope_.spawn(serve_streams());
  }
  os::Endpoint address() const { return *os::own_endpoint(datagrams_.get()); }
  int asked() const { return asked_; }

  // One address, as a server would reply.
  static std::string found(const std::string& bytes, uint32_t address) {
    const auto query = parse_query(bytes);
    return encode(*query, {.authoritative = false, .records = {address_record(query->question.name, address)}, .additional = {}}, 512);
  }
  static uint16_t id_of(const std::string& bytes) {
    return static_cast<uint16_t>(static_cast<uint8_t>(bytes[0]) << 8 | static_cast<uint8_t>(bytes[1]));
  }
  static std::string with_rcode(const std::string& bytes, Rcode rcode) { return encode(*parse_query(bytes), {.rcode = rcode}, 512); }

 private:
  Task<void> serve_datagrams() {
    while (true) {
      co_await readable(loop_, datagrams_.get());
      const auto datagram = os::receive_datagram(datagrams_.get(), 4096);
      if (!datagram) continue;
      ++asked_;
      const std::string reply = reply_(datagram->bytes, Transport::kDatagram);
      if (!reply.empty()) os::send_datagram(datagrams_.get(), reply, datagram->from);
    }
  }
  Task<void> serve_streams() {
    while (true) {
      co_await readable(loop_, streams_.get());
      const auto caller = os::accept_stream(streams_.get());
      if (!caller) continue;
      const auto query = co_await receive_message(loop_, caller->stream.get(), 4096);
      if (query) static_cast<void>(co_await send_message(loop_, caller->stream.get(), reply_(*query, Transport::kStream)));
    }
  }

  Loop& loop_;
  Reply reply_;
  int asked_ = 0;
  os::Descriptor datagrams_, streams_;
  Scope scope_;
};

class DnsResolver : public testing::Test {
 protected:
  ~DnsResolver() override {
    resolver_.reset();
    servers_.clear();
  }
  FakeServer& add_server(FakeServer::Reply reply) { return *servers_.emplace_back(std::make_unique<FakeServer>(*loop_, std::move(reply))); }
  void start() {
    ResolverOptions options{.address = "127.0.0.1", .port = 0, .attempt_limit = 100ms};
    options.servers = [this] {
      std::vector<os::Endpoint> addresses;
      for (const auto& server : servers_) addresses.push_back(server->address());
      return addresses;
    };
    Result<void> started = fail(Reason::kNone, "not tried");
    for (int tries = 0; !started && tries < kPortTries; ++tries) {
      resolver_ = std::make_unique<Resolver>(*loop_, directory_, options);
      started = resolver_->start();
    }
    ASSERT_TRUE(started) << started.error().message;
  }
  os::Endpoint here() const { return *os::Endpoint::of("127.0.0.1", resolver_->port()); }

  template <class T>
  T run(Task<T> task) {
    std::optional<T> value;
    Scope scope(*loop_);
    scope.spawn(finish(*loop_, std::move(task), &value));
    loop_->run();
    return *std::move(value);
  }
  template <class T>
  static Task<void> finish(Loop& loop, Task<T> task, std::optional<T>* value) {
    value->emplace(co_await std::move(task));
    loop.stop();
  }
  // "" if nothing comes.
  static Task<std::string> by_datagram(Loop& loop, os::Endpoint to, std::string bytes, Duration limit) {
    const auto socket = os::connect_datagrams(to);
    os::send_datagram(socket->get(), bytes, {});
    co_await with_timeout(loop, limit, wait(loop, socket->get()));
    const auto reply = os::receive_datagram(socket->get(), 4096);
    co_return reply ? reply->bytes : "";
  }
  static Task<bool> wait(Loop& loop, int fd) {
    co_await readable(loop, fd);
    co_return true;
  }
  static Task<std::string> by_stream(Loop& loop, os::Endpoint to, std::string bytes) {
    const auto stream = co_await os::connect_stream(loop, to);
    static_cast<void>(co_await os::send_bytes(loop, stream->get(), bytes));
    const auto reply = co_await receive_message(loop, stream->get(), kMessageBytesMax);
    co_return reply.value_or("");
  }
  static std::string query(const std::string& name, uint16_t type = kA) {
    return encode_query(0x7777, {.name = *parse_name(name), .type = type, .klass = kInternet});
  }
  std::string ask(const std::string& bytes, Duration limit = 5s) { return run(by_datagram(*loop_, here(), bytes, limit)); }
  std::string ask_by_stream(const std::string& bytes) {
    return run(
        by_stream(*loop_, here(), std::string{static_cast<char>(bytes.size() >> 8), static_cast<char>(bytes.size() & 0xff)} + bytes));
  }
  // "1.2.3.4 …" or the code.
  static std::string read(const std::string& reply) {
    if (reply.empty()) return "nothing";
    if (static_cast<uint8_t>(reply[0]) != 0x77 || static_cast<uint8_t>(reply[1]) != 0x77) return "another's reply";
    if (rcode_of(reply) != Rcode::kNoError) return "rcode " + std::to_string(static_cast<int>(rcode_of(reply)));
    std::string text = is_truncated(reply) ? "cut off" : "";
    for (const Record& record : addresses_of(reply, kA, {})) {
      uint32_t address = 0;
      for (const char c : record.data) address = address << 8 | static_cast<uint8_t>(c);
      text += (text.empty() ? "" : " ") + os::ipv4_text(address);
    }
    return text;
  }

  std::unique_ptr<Loop> loop_ = make_system_loop(1);
  Directory directory_;
  std::vector<std::unique_ptr<FakeServer>> servers_;
  std::unique_ptr<Resolver> resolver_;
};

TEST_F(DnsResolver, AnswersForServicesItself) {
  start();
  directory_.service_changed(nullptr, make_service("workers"));
  directory_.pod_changed(nullptr, make_pod(0, "127.0.0.5"));
  EXPECT_EQ(read(ask(query("j-0.workers.ns.svc.cluster.local"))), "127.0.0.5");
  EXPECT_EQ(read(ask_by_stream(query("j-0.workers.ns.svc.cluster.local"))), "127.0.0.5");
  EXPECT_EQ(read(ask(query("host.stint.internal"))), "127.0.0.1");
  EXPECT_EQ(read(ask(query("nobody.ns.svc.cluster.local"))), "rcode 3");
}

TEST_F(DnsResolver, ForwardsTheRestUnderAnIdOfItsOwn) {
  std::vector<std::string> ids;
  auto& server = add_server([&](std::string bytes, Transport) {
    ids.push_back(bytes.substr(0, 2));
    return FakeServer::found(bytes, 0x01020304);
  });
  start();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(read(ask(query("example.com"))), "1.2.3.4");
  EXPECT_EQ(server.asked(), 3);
  EXPECT_FALSE(ids[0] == "ww" && ids[1] == "ww" && ids[2] == "ww");
}

TEST_F(DnsResolver, BelievesNoReplyToAnotherQuestionOrUnderAnotherId) {
  add_server(
      [](std::string bytes, Transport) { return with_id(FakeServer::found(bytes, 1), static_cast<uint16_t>(~FakeServer::id_of(bytes))); });
  add_server([](std::string bytes, Transport) {
    const std::string other = encode_query(0, {.name = {"evil"}, .type = kA, .klass = kInternet});
    return FakeServer::found(bytes.substr(0, 2) + other.substr(2), 2);
  });
  add_server([](std::string bytes, Transport) { return FakeServer::found(bytes, 0x01020304); });
  start();
  EXPECT_EQ(read(ask(query("example.com"))), "1.2.3.4");
}

TEST_F(DnsResolver, AsksTheNextServerWhenOneIsInTrouble) {
  auto& first = add_server([](std::string bytes, Transport) { return FakeServer::with_rcode(bytes, Rcode::kServFail); });
  auto& second = add_server([](std::string bytes, Transport) { return FakeServer::found(bytes, 0x01020304); });
  start();
  EXPECT_EQ(read(ask(query("example.com"))), "1.2.3.4");
  EXPECT_EQ(first.asked(), 1);
  EXPECT_EQ(second.asked(), 1);
}

TEST_F(DnsResolver, TellsWhatTheLastServerSaidOrThatThereIsNone) {
  start();
  EXPECT_EQ(read(ask(query("example.com"))), "rcode 5");
  add_server([](std::string bytes, Transport) { return FakeServer::with_rcode(bytes, Rcode::kNxDomain); });
  EXPECT_EQ(read(ask(query("example.com"))), "rcode 3");
}

TEST_F(DnsResolver, AsksAgainAndGivesUpInTheEnd) {
  int lost = 1;
  auto& server = add_server([&](std::string bytes, Transport) { return lost-- > 0 ? "" : FakeServer::found(bytes, 0x01020304); });
  start();
  EXPECT_EQ(read(ask(query("example.com"))), "1.2.3.4");
  EXPECT_EQ(server.asked(), 2);
  lost = 1000;
  EXPECT_EQ(read(ask(query("example.com"))), "rcode 2");
  EXPECT_EQ(server.asked(), 6);
}

TEST_F(DnsResolver, TakesLongRepliesOverAStreamIfItsClientCan) {
  add_server([](std::string bytes, Transport transport) {
    Answer answer{.authoritative = false};
    for (uint32_t i = 1; i <= 50; ++i) answer.records.push_back(address_record({"example", "com"}, i));
    return encode(*parse_query(bytes), answer, transport == Transport::kStream ? kMessageBytesMax : 100);
  });
  start();
  EXPECT_THAT(read(ask(query("example.com"))), testing::StartsWith("cut off"));
  EXPECT_THAT(read(ask_by_stream(query("example.com"))), testing::EndsWith("0.0.0.50"));
}

TEST_F(DnsResolver, FollowsAnExternalNameButNotInACircle) {
  add_server([](std::string bytes, Transport) { return FakeServer::found(bytes, 0x01020304); });
  start();
  for (const auto& [name, target] : {std::pair{"out", "example.com"}, std::pair{"in", "workers.ns.svc.cluster.local"},
                                     std::pair{"round", "round.ns.svc.cluster.local"}}) {
    auto service = make_service(name, "");
    service->mutable_spec()->set_type("ExternalName");
    service->mutable_spec()->set_externalname(target);
    directory_.service_changed(nullptr, service);
  }
  directory_.service_changed(nullptr, make_service("workers"));
  directory_.pod_changed(nullptr, make_pod(0, "127.0.0.5"));
  EXPECT_EQ(read(ask(query("out.ns.svc.cluster.local"))), "1.2.3.4");
  EXPECT_EQ(read(ask(query("in.ns.svc.cluster.local"))), "127.0.0.5");
  EXPECT_EQ(read(ask(query("round.ns.svc.cluster.local"))), "rcode 2");
}

TEST_F(DnsResolver, MalformedQueriesAreRefusedAndRepliesDropped) {
  start();
  const std::string good = query("example.com");
  EXPECT_EQ(read(ask(good.substr(0, 20))), "rcode 1");
  EXPECT_EQ(read(ask(good + std::string(6000, 'x'))), "rcode 1");
  EXPECT_EQ(read(ask("xx", 50ms)), "nothing");
  std::string reply = good;
  reply[2] = '\x80';
  EXPECT_EQ(read(ask(reply, 50ms)), "nothing");
  EXPECT_EQ(run(by_stream(*loop_, here(), "\xff\xff")), "") << "closed at once";
  EXPECT_EQ(read(ask_by_stream(good.substr(0, 20))), "rcode 1");
}

TEST_F(DnsResolver, WhatIsUnderWayIsBounded) {
  Bounds bounds(3, 2);
  auto first = bounds.take(1), second = bounds.take(1);
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(bounds.take(1)) << "of one client";
  auto third = bounds.take(2);
  EXPECT_TRUE(third);
  EXPECT_FALSE(bounds.take(3)) << "of all";
  first.reset();
  EXPECT_TRUE(bounds.take(3));
}

TEST_F(DnsResolver, APortThatIsTakenIsAnError) {
  start();
  Resolver other(*loop_, directory_, {.address = "127.0.0.1", .port = resolver_->port(), .servers = {}});
  EXPECT_FALSE(other.start());
}

TEST_F(DnsResolver, LooksAtTheHostsFileAnewWhenItChanges) {
  const std::string path = testing::TempDir() + "/stint-resolv-conf-" + std::to_string(getpid());
  ASSERT_TRUE(os::write_file_atomically(path, "nameserver 127.0.0.53\nnameserver 10.88.0.1\nnameserver ::1\n", os::Durability::kVisible));
  HostResolvers resolvers(*loop_, path, "10.88.0.1");
  ASSERT_EQ(resolvers.current().size(), 2u) << "not the one that is us";
  EXPECT_EQ(resolvers.current()[0].ipv4(), *os::parse_ipv4("127.0.0.53"));
  EXPECT_EQ(resolvers.current()[1].port(), 53);
  ASSERT_TRUE(os::write_file_atomically(path, "nameserver 10.0.0.1\n", os::Durability::kVisible));
  EXPECT_EQ(resolvers.current().size(), 2u) << "not more than once a second";
  HostResolvers later(*loop_, path, "10.88.0.1");
  EXPECT_EQ(later.current().size(), 1u);
  ASSERT_TRUE(os::remove_tree(path));
  HostResolvers none(*loop_, path, "");
  EXPECT_TRUE(none.current().empty());
}

}  // namespace
}  // namespace stint::dns
