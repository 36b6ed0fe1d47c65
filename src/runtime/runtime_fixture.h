// What tests of runtimes share: a loop to await on, and an image of one layer made of Debian's busybox.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "runtime/cri/containerd_fixture.h"
#include "runtime/runtimes.h"

namespace stint {

class RuntimeFixture : public testing::Test {
 protected:
  RuntimeFixture() {
    char name[] = "/tmp/stint-runtime-XXXXXX";
    dir_ = mkdtemp(name);
    const std::string bin = dir_ + "/layer/bin";
    std::filesystem::create_directories(bin);
    for (const char* place : {"/etc", "/tmp", "/proc", "/sys", "/dev"}) std::filesystem::create_directories(dir_ + "/layer" + place);
    std::filesystem::copy_file("/bin/busybox", bin + "/busybox");
    for (const char* applet : {"sh", "true", "id", "cat", "sleep", "hostname", "echo", "ls", "tty", "stty", "nc"})
      std::filesystem::create_symlink("busybox", bin + "/" + applet);
    std::ofstream(dir_ + "/layer/etc/passwd") << "root:x:0:0:root:/root:/bin/sh\nworker:x:1234:1235::/tmp:/bin/sh\n";
    std::ofstream(dir_ + "/layer/etc/group") << "root:x:0:\nworker:x:1235:\nextra:x:77:worker\n";
  }
  ~RuntimeFixture() override {
    if (runtime_) close();
    containerd_.reset();
    std::error_code error;
    std::filesystem::remove_all(dir_, error);
    EXPECT_FALSE(error) << "left behind: " << dir_ << ": " << error.message();
  }

  // Why this machine cannot run that driver; "" if it can.
  static std::string what_is_missing(const std::string& name) {
    if (name == "runc" && !std::filesystem::exists("/usr/sbin/runc")) return "runc is not installed";
    if (name == "cri" && !Containerd::is_installed()) return "containerd, runc or containernetworking-plugins is not installed";
    return "";
  }

  // As a new process would, over what an earlier one left.
  void open(const std::string& name) {
    if (name == "cri" && !containerd_) {
      containerd_ = std::make_unique<Containerd>(dir_ + "/containerd", dir_.substr(dir_.size() - 6), dir_ + "/layer");
      image_id_ = containerd_->image_id();
    }
    RuntimeOptions options{.data_dir = dir_ + "/data", .run_dir = run_dir()};
    if (containerd_) options.endpoint = containerd_->endpoint();
    options.image_layers = [this](const std::string&) -> Result<std::vector<std::string>> { return std::vector{dir_ + "/layer"}; };
    auto made = make_runtime(name, *loop_, options);
    ASSERT_TRUE(made) << made.error().message;
    runtime_ = *std::move(made);
    runtime_->on_exit([this](const ContainerStatus& status) { exits_.push_back(status); });
    auto recovered = run(runtime_->recover());
    ASSERT_TRUE(recovered) << recovered.error().message;
  }
  // Names of instances have 12 digits.
  std::string run_dir() const { return "/run/stint-test/" + std::filesystem::path(dir_).filename().string().substr(14) + "abcdef"; }
  // Nothing may be left.
  void close() {
    for (const SandboxStatus& sandbox : runtime_->list_sandboxes()) {
      auto removed = run(runtime_->remove_sandbox(sandbox.id));
      EXPECT_TRUE(removed) << removed.error().message;
    }
    auto shut = run(runtime_->shutdown(true));
    EXPECT_TRUE(shut) << shut.error().message;
    runtime_.reset();
  }

  template <class T>
  T run(Task<T> task) {
    std::optional<T> value;
    Scope scope(*loop_);
    scope.spawn(finish(std::move(task), &value));
    loop_->run();
    return *std::move(value);
  }

  SandboxConfig sandbox(const std::string& id) const {
    return {.id = id,
            .pod_namespace = "ns",
            .pod_name = "pod",
            .hostname = "pod-host",
            .cgroup = "burstable/pod" + id,
            .limits = {.cpu_shares = 100}};
  }
  ContainerConfig container(const std::string& sandbox_id, std::vector<std::string> args, int attempt = 0) const {
    ContainerConfig config{
        .id = sandbox_id + "_main_" + std::to_string(attempt), .sandbox_id = sandbox_id, .name = "main", .attempt = attempt};
    config.image_id = image_id_;
    config.args = std::move(args);
    config.env = {"PATH=/bin"};
    config.log_path = dir_ + "/" + config.id + ".log";
    return config;
  }
  ContainerConfig shell(const std::string& sandbox_id, const std::string& script, int attempt = 0) const {
    return container(sandbox_id, {"/bin/sh", "-c", script}, attempt);
  }
  // Starts it and waits for its end.
  ContainerStatus play(ContainerConfig config) {
    const std::string id = config.id;
    auto started = run(runtime_->start_container(std::move(config)));
    EXPECT_TRUE(started) << started.error().message;
    return started ? wait_for_exit(id) : ContainerStatus{};
  }
  ContainerStatus wait_for_exit(const std::string& id) {
    run(exited(id));
    return runtime_->status(id).value_or(ContainerStatus{});
  }
  std::string log_of(const std::string& container_id) const {
    std::ifstream in(dir_ + "/" + container_id + ".log");
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::string dir_;
  std::string image_id_ = "sha256:0";
  std::unique_ptr<Containerd> containerd_;
  std::unique_ptr<Loop> loop_ = make_system_loop(4);
  std::unique_ptr<Runtime> runtime_;
  std::vector<ContainerStatus> exits_;

 private:
  template <class T>
  Task<void> finish(Task<T> task, std::optional<T>* value) {
    value->emplace(co_await std::move(task));
    loop_->stop();
  }
  Task<int> exited(std::string id) {
    while (runtime_->status(id).value_or(ContainerStatus{}).state != ContainerState::kExited)
      co_await sleep_for(*loop_, std::chrono::milliseconds(1));
    co_return 0;
  }
};

}  // namespace stint
