// A containerd for a test alone, with everything of its own below the test's directory but the network, whose bridge has the test's name.
// It ends with the test.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "image/test_archives.h"
#include "os/file.h"
#include "os/mounts.h"
#include "os/pidfd.h"

namespace stint {

class Containerd {
 public:
  // Whether Debian's packages containerd, runc and containernetworking-plugins are there.
  static bool is_installed() {
    return std::filesystem::exists("/usr/bin/containerd") && std::filesystem::exists("/usr/sbin/runc") &&
           std::filesystem::exists("/usr/lib/cni/bridge");
  }

  // `name`: short, of the test alone. `layer`: the root of the one image, whose id is image_id().
  Containerd(std::string dir, const std::string& name, const std::string& layer) : dir_(std::move(dir)), bridge_("cri-" + name) {
    std::filesystem::create_directories(dir_ + "/net.d");
    write(dir_ + "/net.d/10.conflist", R"({"cniVersion":"1.0.0","name":"test","plugins":[{"type":"bridge","bridge":")" + bridge_ +
                                           R"(","isGateway":true,"ipam":{"type":"host-local","dataDir":")" + dir_ +
                                           R"(/ipam","ranges":[[{"subnet":"10.213.16.0/24"}]]}}]})");
    write(dir_ + "/containerd.toml", "version = 2\nroot = \"" + dir_ + "/root\"\nstate = \"" + dir_ + "/state\"\n[grpc]\n  address = \"" +
                                         socket() + "\"\n[ttrpc]\n  address = \"" + socket() +
                                         ".ttrpc\"\n[plugins.\"io.containerd.grpc.v1.cri\"]\n" +
                                         "  sandbox_image = \"docker.io/library/pause:latest\"\n  restrict_oom_score_adj = true\n" +
                                         "  stream_server_address = \"127.0.0.1\"\n[plugins.\"io.containerd.grpc.v1.cri\".cni]\n" +
                                         "  bin_dir = \"/usr/lib/cni\"\n  conf_dir = \"" + dir_ + "/net.d\"\n");
    pid_ = start({"/usr/bin/containerd", "--config", dir_ + "/containerd.toml"}, dir_ + "/containerd.log");
    // It takes a moment until it listens.
    for (int tries = 0; tries < 200 && run({"/usr/bin/ctr", "-a", socket(), "version"}) != 0; ++tries) usleep(50'000);
    run({"/bin/tar", "-C", layer, "-cf", dir_ + "/layer.tar", "."});
    const std::string bytes = read_all(dir_ + "/layer.tar");
    image_id_ = import("docker.io/library/busybox:latest", bytes, R"("Cmd":["/bin/sh"])");
    import("docker.io/library/pause:latest", bytes, R"("Entrypoint":["/bin/sleep","2147483647"])");
  }
  ~Containerd() {
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
    // What watches over a sandbox outlives containerd, of whose socket its words tell.
    for (const pid_t shim : processes([this](pid_t pid) { return words_of(pid).find(socket()) != std::string::npos; })) {
      ADD_FAILURE() << "left running: " << words_of(shim);
      for (const pid_t child : processes([shim](pid_t pid) { return os::parent_of(pid).value_or(0) == shim; })) kill(child, SIGKILL);
      kill(shim, SIGKILL);
    }
    EXPECT_TRUE(os::unmount_under(dir_));
    run({"/sbin/ip", "link", "delete", bridge_});
  }
  Containerd(const Containerd&) = delete;
  Containerd& operator=(const Containerd&) = delete;

  std::string socket() const { return dir_ + "/containerd.sock"; }
  std::string endpoint() const { return "unix://" + socket(); }
  const std::string& image_id() const { return image_id_; }

 private:
  static std::string words_of(pid_t pid) { return os::read_file("/proc/" + std::to_string(pid) + "/cmdline", 1 << 20).value_or(""); }
  static std::vector<pid_t> processes(const std::function<bool(pid_t)>& wanted) {
    std::vector<pid_t> found;
    for (const std::string& name : os::list_directory("/proc").value_or(std::vector<std::string>{})) {
      const auto pid = static_cast<pid_t>(std::strtol(name.c_str(), nullptr, 10));
      if (pid > 0 && wanted(pid)) found.push_back(pid);
    }
    return found;
  }

  static void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

  static pid_t start(std::vector<std::string> words, const std::string& log) {
    const pid_t pid = fork();
    if (pid != 0) return pid;
    if (freopen(log.c_str(), "a", stdout) == nullptr || dup2(STDOUT_FILENO, STDERR_FILENO) < 0) _exit(126);
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  int run(std::vector<std::string> words) const {
    int status = 0;
    waitpid(start(std::move(words), dir_ + "/commands.log"), &status, 0);
    return status;
  }

  std::string import(const std::string& name, const std::string& layer, const std::string& command) {
    const std::string config = R"({"architecture":"amd64","os":"linux","config":{)" + command +
                               R"(},"rootfs":{"type":"layers","diff_ids":[")" + sha256_of(layer) + R"("]}})";
    const std::string archive =
        make_tar(dir_ + "/image.tar",
                 {{"layer.tar", AE_IFREG, layer},
                  {"config.json", AE_IFREG, config},
                  {"manifest.json", AE_IFREG, R"([{"Config":"config.json","RepoTags":[")" + name + R"("],"Layers":["layer.tar"]}])"}});
    EXPECT_EQ(run({"/usr/bin/ctr", "-a", socket(), "-n", "k8s.io", "images", "import", archive}), 0) << name;
    return sha256_of(config);
  }

  const std::string dir_, bridge_;
  std::string image_id_;
  pid_t pid_ = -1;
};

}  // namespace stint
