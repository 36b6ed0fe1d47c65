// Pulls that do not go smoothly: a registry on loopback that breaks off, is busy, stalls, and a stint that is killed meanwhile.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <csignal>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>

#include "image/image_fixture.h"
#include "image/image_store.h"
#include "image/registry.h"
#include "image/test_archives.h"
#include "os/descriptor.h"

namespace stint {
namespace {

namespace fs = std::filesystem;

// A registry with one image, `app:latest`, whose layer's first download stops half way: `at_half` is called, and the connection closed.
class BreakingRegistry {
 public:
  // `ranges`: it can go on in the middle.
  BreakingRegistry(const std::string& layer, std::function<void()> at_half, bool ranges = false)
      : at_half_(std::move(at_half)), ranges_(ranges) {
    const std::string config = make_image_config({layer});
    const auto blob = [](const std::string& bytes) {
      return R"({"digest":")" + sha256_of(bytes) + R"(","size":)" + std::to_string(bytes.size()) + "}";
    };
    answers_["/v2/app/manifests/latest"] = R"({"schemaVersion":2,"config":)" + blob(config) + R"(,"layers":[)" + blob(layer) + "]}";
    answers_["/v2/app/blobs/" + sha256_of(config)] = config;
    breaking_ = "/v2/app/blobs/" + sha256_of(layer);
    answers_[breaking_] = layer;
    sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    socklen_t size = sizeof address;
    if (bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_.get(), 8) != 0 ||
        getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("cannot listen on loopback");
    }
    reference_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/app";
    thread_ = std::jthread([this] { answer_all(); });
  }
  ~BreakingRegistry() { shutdown(listener_.get(), SHUT_RDWR); }  // accept returns, the thread ends

  const std::string& reference() const { return reference_; }
  // The coming requests get these answers, whatever they ask for. `more` are whole lines.
  void answer_next(int times, const std::string& status, const std::string& more = "") {
    const std::lock_guard lock(mutex_);
    for (int i = 0; i < times; ++i) {
      next_.push_back("HTTP/1.1 " + status + "\r\n" + more + "Connection: close\r\nContent-Length: 0\r\n\r\n");
    }
  }
  int requests() const { return requests_; }
  size_t layer_bytes_sent() const { return layer_bytes_sent_; }

 private:
  void answer_all() {
    while (true) {
      const os::Descriptor client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!client) return;
      std::string request;
      char buffer[4096];
      while (request.find("\r\n\r\n") == std::string::npos) {
        const ssize_t count = read(client.get(), buffer, sizeof buffer);
        if (count <= 0) break;
        request.append(buffer, static_cast<size_t>(count));
      }
      ++requests_;
      if (const auto prepared = next_answer()) {
        EXPECT_TRUE(os::write_all(client.get(), *prepared));
        continue;
      }
      const size_t range = request.find("Range: bytes=");
      const size_t from = ranges_ && range != std::string::npos ? std::stoul(request.substr(range + 13)) : 0;
      answer(client.get(), request.substr(4, request.find(' ', 4) - 4), from);  // "GET /path HTTP/1.1"
    }
  }
  std::optional<std::string> next_answer() {
    const std::lock_guard lock(mutex_);
    if (next_.empty()) return std::nullopt;
    std::string answer = std::move(next_.front());
    next_.pop_front();
    return answer;
  }
  void answer(int client, const std::string& path, size_t from) {
    const std::string& whole = answers_[path];
    const std::string body = whole.substr(from);
    const bool breaks = path == breaking_ && !std::exchange(broke_, true);
    const std::string range = "Content-Range: bytes " + std::to_string(from) + "-" + std::to_string(whole.size() - 1) + "/" +
                              std::to_string(whole.size()) + "\r\n";
    const std::string header = (from > 0 ? "HTTP/1.1 206 Partial Content\r\n" + range : "HTTP/1.1 200 OK\r\n") +
                               "Connection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    const std::string sent = body.substr(0, breaks ? body.size() / 2 : body.size());
    if (path == breaking_) layer_bytes_sent_ += sent.size();
    EXPECT_TRUE(os::write_all(client, header + sent));
    if (breaks) at_half_();
  }

  std::function<void()> at_half_;
  std::map<std::string, std::string> answers_;  // by path
  std::string breaking_, reference_;
  bool broke_ = false;
  bool ranges_;
  std::mutex mutex_;
  std::deque<std::string> next_;  // guarded by mutex_
  std::atomic<int> requests_ = 0;
  std::atomic<size_t> layer_bytes_sent_ = 0;
  os::Descriptor listener_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::jthread thread_;
};

class InterruptedPull : public PullTest {
 protected:
  static Result<Manifest> manifest(const BreakingRegistry& registry, Patience patience) {
    return ImageRegistry(ImageReference::parse(registry.reference()).value(), {}, patience).manifest("latest");
  }
};

constexpr Patience kNoWaits{.first_wait = std::chrono::milliseconds(0)};

TEST_F(InterruptedPull, LeavesNothingAndWorksTheNextTime) {
  BreakingRegistry* at = nullptr;
  BreakingRegistry registry(layer("file", "whole"), [&at] { at->answer_next(1, "404 Not Found"); });
  at = &registry;
  ASSERT_FALSE(pull(registry.reference()));
  expect_nothing_kept();
  const auto whole = pull(registry.reference());
  ASSERT_TRUE(whole) << whole.error().message;
  EXPECT_EQ(read_all(whole->layer_dirs[0] + "/file"), "whole");
}

TEST_F(InterruptedPull, GoesOnWhereTheLineBroke) {
  const std::string bytes = layer("file", "whole");
  BreakingRegistry registry(bytes, [] {}, true);
  const auto pulled = pull(registry.reference());
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(read_all(pulled->layer_dirs[0] + "/file"), "whole");
  EXPECT_EQ(registry.layer_bytes_sent(), bytes.size());
}

TEST_F(InterruptedPull, StartsAnewWhereTheRegistryKnowsNoRanges) {
  const std::string bytes = layer("file", "whole");
  BreakingRegistry registry(bytes, [] {});
  const auto pulled = pull(registry.reference());
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(read_all(pulled->layer_dirs[0] + "/file"), "whole");
  EXPECT_EQ(registry.layer_bytes_sent(), bytes.size() / 2 + bytes.size());
}

TEST_F(InterruptedPull, TriesAgainWhenTheRegistryIsBusy) {
  BreakingRegistry registry(layer("file", "whole"), [] {});
  registry.answer_next(1, "429 Too Many Requests", "Retry-After: 0\r\n");
  registry.answer_next(1, "503 Service Unavailable");
  const auto found = manifest(registry, kNoWaits);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(registry.requests(), 3);
}

TEST_F(InterruptedPull, EndsWithTheRegistrysAnswerWhenItStaysBusy) {
  BreakingRegistry registry(layer("file", "whole"), [] {});
  registry.answer_next(10, "429 Too Many Requests");
  const auto found = manifest(registry, kNoWaits);
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().message.find("unexpected status from registry: 429"), std::string::npos) << found.error().message;
  EXPECT_EQ(registry.requests(), kNoWaits.tries_max);
}

TEST_F(InterruptedPull, LeavesALongWaitToTheBackOffOfThePod) {
  BreakingRegistry registry(layer("file", "whole"), [] {});
  registry.answer_next(1, "429 Too Many Requests", "Retry-After: 3600\r\n");
  EXPECT_FALSE(manifest(registry, kNoWaits));
  EXPECT_EQ(registry.requests(), 1);
}

TEST_F(InterruptedPull, TriesNoRefusalAgain) {
  BreakingRegistry registry(layer("file", "whole"), [] {});
  registry.answer_next(1, "403 Forbidden");
  EXPECT_FALSE(manifest(registry, kNoWaits));
  EXPECT_EQ(registry.requests(), 1);
}

TEST_F(InterruptedPull, EndsOnAStopRequestThoughTheRegistryIsSilent) {
  const os::Descriptor silent(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(silent.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(silent.get(), 1), 0);
  ASSERT_EQ(getsockname(silent.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  std::stop_source stop;
  stop.request_stop();
  const auto reference = ImageReference::parse("127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/app");
  EXPECT_FALSE(ImageRegistry(reference.value(), stop.get_token()).manifest("latest"));
}

TEST_F(InterruptedPull, IsGivenUpWhenTheRegistryStalls) {
  const os::Descriptor silent(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(silent.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(silent.get(), 1), 0);
  ASSERT_EQ(getsockname(silent.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  const auto reference = ImageReference::parse("127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/app");
  const auto found = ImageRegistry(reference.value(), {}, {.stall_seconds = 1}).manifest("latest");
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().message.find("too slow"), std::string::npos) << found.error().message;
}

TEST_F(InterruptedPull, IsSweptAfterTheProcessWasKilled) {
  const std::string bytes = layer("file", "whole");
  const auto pull_and_be_killed = [&] {
    BreakingRegistry registry(bytes, [] { raise(SIGKILL); });
    EXPECT_FALSE(pull(registry.reference()));
  };
  EXPECT_EXIT(pull_and_be_killed(), testing::KilledBySignal(SIGKILL), "");
  EXPECT_FALSE(fs::is_empty(dir_ + "/store/tmp"));
  store_ = open_image_store(loop_, dir_ + "/store").value();
  expect_nothing_kept();
}

}  // namespace
}  // namespace stint
