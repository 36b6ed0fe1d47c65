// Where nobody, or nobody of use, is at the other end. What is said to real ones the contract of runtimes tells (runtime/).
#include "wire/grpc_client.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <filesystem>

#include "os/descriptor.h"

namespace stint::grpc {
namespace {

class GrpcClient : public testing::Test {
 protected:
  ~GrpcClient() override { std::filesystem::remove_all(dir_); }

  static std::string make_directory() {
    char name[] = "/tmp/stint-grpc-XXXXXX";
    return mkdtemp(name);
  }
  std::string path() const { return dir_ + "/socket"; }
  // Clients connect to it, and wait until it is closed.
  os::Descriptor listen_there() const {
    os::Descriptor listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(listener.get(), 4), 0);
    return listener;
  }
  static Task<void> call(GrpcClient* self, Result<Answer>* answer) {
    *answer = co_await self->client_->call("/test.Service/Method", "question");
    self->loop_->stop();
  }
  Result<Answer> call_now() {
    Result<Answer> answer;
    Scope scope(*loop_);
    scope.spawn(call(this, &answer));
    loop_->run();
    return answer;
  }

  const std::string dir_ = make_directory();
  std::unique_ptr<Loop> loop_ = make_system_loop(1);
  std::unique_ptr<Client> client_ = std::make_unique<Client>(*loop_, path());
};

TEST_F(GrpcClient, TellsThatNobodyIsThere) {
  const auto answer = call_now();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, Reason::kServiceUnavailable);
  EXPECT_EQ(answer.error().message, path() + ": connect: No such file or directory");
}

TEST_F(GrpcClient, FailsTheCallsOfAConnectionThatIsLostAndConnectsAnew) {
  os::Descriptor listener = listen_there();
  for (int i = 0; i < 2; ++i) {
    Result<Answer> answer;
    Scope scope(*loop_);
    scope.spawn(call(this, &answer));
    loop_->call_after(std::chrono::milliseconds(1), [&listener] { os::Descriptor(accept(listener.get(), nullptr, nullptr)).reset(); });
    loop_->run();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().message, path() + ": the connection was lost");
  }
}

TEST_F(GrpcClient, RefusesAPathThatIsNoneOfASocket) {
  client_ = std::make_unique<Client>(*loop_, "/" + std::string(200, 'x'));
  EXPECT_EQ(call_now().error().reason, Reason::kBadRequest);
}

}  // namespace
}  // namespace stint::grpc
