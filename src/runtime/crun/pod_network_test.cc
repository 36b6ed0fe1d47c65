// Real namespaces and links on this machine's kernel.
#include "runtime/crun/pod_network.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <filesystem>
#include <set>

#include "os/descriptor.h"
#include "os/mounts.h"
#include "os/namespaces.h"
#include "os/spawn.h"

namespace stint::crun {
namespace {

constexpr char kInstance[] = "7e57ab1e0001";

class PodNetworkTest : public testing::Test {
 protected:
  PodNetworkTest() : dir_("/run/stint-test/network-" + std::to_string(getpid())) { std::filesystem::create_directories(dir_); }
  ~PodNetworkTest() override {
    if (network_) run(network_->remove_all());
    std::filesystem::remove_all(dir_);
  }

  // As a new process would, over what an earlier one left.
  std::unique_ptr<PodNetwork> open(const std::string& sub = "/a", const std::string& instance = kInstance) {
    auto opened = PodNetwork::open(*loop_, dir_ + sub, instance);
    EXPECT_TRUE(opened) << opened.error().message;
    if (!opened) return nullptr;
    auto recovered = run((*opened)->recover());
    EXPECT_TRUE(recovered) << recovered.error().message;
    return *std::move(opened);
  }
  // As kill -9, which ends also what runs on the pool of threads: the old loop waits for that.
  void die() {
    network_.reset();
    loop_ = make_system_loop(2);
  }
  PodNamespaces take(const std::string& id) {
    auto taken = run(network_->take(id));
    EXPECT_TRUE(taken) << taken.error().message;
    return taken.value_or(PodNamespaces{});
  }
  template <class T>
  T run(Task<T> task) {
    std::optional<T> value;
    Scope scope(*loop_);
    scope.spawn(finish(std::move(task), &value));
    loop_->run();
    return *std::move(value);
  }

  std::string dir_;
  std::unique_ptr<Loop> loop_ = make_system_loop(2);
  std::unique_ptr<PodNetwork> network_;

 private:
  template <class T>
  Task<void> finish(Task<T> task, std::optional<T>* value) {
    value->emplace(co_await std::move(task));
    loop_->stop();
  }
};

sockaddr_in address_of(const std::string& ip, uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, ip.c_str(), &address.sin_addr);
  return address;
}

Result<void> connect_to(const sockaddr_in& address) {
  const os::Descriptor client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return {};
  return fail(errno_error("connect", errno));
}

TEST_F(PodNetworkTest, LetsAPodReachThisMachine) {
  network_ = open();
  const PodNamespaces pod = take("pod");
  const os::Descriptor listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = address_of(network_->gateway(), 0);
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(listener.get(), 1), 0);
  socklen_t size = sizeof address;
  getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
  const auto connected = os::in_pinned_namespaces({pod.network_path}, [&] { return connect_to(address); });
  EXPECT_TRUE(connected) << connected.error().message;
}

TEST_F(PodNetworkTest, GivesTheSamePodTheSameNamespacesAlsoAfterARestart) {
  network_ = open();
  const PodNamespaces first = take("pod");
  EXPECT_EQ(take("pod").ip, first.ip);
  EXPECT_NE(take("other").ip, first.ip);
  const std::string gateway = network_->gateway();
  die();
  network_ = open();
  EXPECT_EQ(network_->gateway(), gateway);
  ASSERT_TRUE(network_->find("pod"));
  EXPECT_EQ(network_->find("pod")->ip, first.ip);
  EXPECT_EQ(network_->sandboxes(), (std::vector<std::string>{"other", "pod"}));
  EXPECT_NE(take("third").ip, first.ip);
}

TEST_F(PodNetworkTest, MakesMoreThanIsReady) {
  network_ = open();
  std::set<std::string> addresses;
  for (int i = 0; i < 20; ++i) addresses.insert(take("pod" + std::to_string(i)).ip);
  EXPECT_EQ(addresses.size(), 20u);
}

TEST_F(PodNetworkTest, KeepsTwoInstancesApart) {
  network_ = open();
  auto second = open("/b", "7e57ab1f0002");
  ASSERT_TRUE(second);
  EXPECT_NE(network_->gateway(), second->gateway());
  EXPECT_TRUE(run(second->remove_all()));
}

TEST_F(PodNetworkTest, LeavesNothingBehind) {
  network_ = open();
  take("pod");
  EXPECT_TRUE(run(network_->give_back("other")));
  EXPECT_TRUE(run(network_->remove_all()));
  network_.reset();
  EXPECT_TRUE(os::mounts_under(dir_)->empty());
  EXPECT_TRUE(os::links_with_prefix("stint-7e57ab1e")->empty());
  EXPECT_TRUE(os::links_with_prefix("v7e57ab1e")->empty());
  EXPECT_FALSE(std::filesystem::exists(dir_ + "/a/network"));
  const auto tables = run(os::run(*loop_, {.args = {os::find_program("nft").value(), "list tables"}}, std::chrono::seconds(10)));
  ASSERT_TRUE(tables) << tables.error().message;
  EXPECT_EQ(tables->out.find("7e57ab1e"), std::string::npos) << tables->out;
}

}  // namespace
}  // namespace stint::crun
