// For the tests of pulling: Debian's docker-registry on loopback, with images pushed by skopeo. Loop thread only.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <csignal>
#include <filesystem>
#include <regex>

#include "image/image_fixture.h"
#include "image/image_store.h"
#include "image/manifest.h"
#include "image/registry.h"
#include "image/test_archives.h"
#include "os/pidfd.h"
#include "os/spawn.h"

namespace stint {

inline constexpr int kPipeBytes = 1 << 20;  // a registry's whole log: nobody reads it before the end
inline constexpr uid_t kNobody = 65534;
inline constexpr int kStartMillisecondsMax = 30'000;

// Debian's docker-registry on a free loopback port, keeping its blobs in a directory; it ends with this object, and with this process.
class DockerRegistry {
 public:
  // `http` and `more` are YAML: members of its `http`, and more of its configuration.
  explicit DockerRegistry(std::string dir, const std::string& http = "", const std::string& more = "") : dir_(std::move(dir)) {
    std::filesystem::create_directories(dir_);
    std::ofstream(dir_ + "/config.yml") << "version: 0.1\nlog: {level: info, accesslog: {disabled: true}}\n"
                                        << "storage: {filesystem: {rootdirectory: " << dir_ << "}}\nhttp: {addr: '127.0.0.1:0'" << http
                                        << "}\n"
                                        << more;
    auto child = os::spawn({.args = {os::find_program("setpriv").value(), "--pdeathsig", "KILL",
                                     os::find_program("docker-registry").value(), "serve", dir_ + "/config.yml"}});
    if (!child) throw std::runtime_error(child.error().message);
    child_.emplace(std::move(*child));
    fcntl(child_->err(), F_SETPIPE_SZ, kPipeBytes);
    std::smatch match;
    while (!std::regex_search(log_, match, std::regex("listening on (127.0.0.1:[0-9]+)"))) {
      if (!read_log()) throw std::runtime_error("docker-registry did not start: " + log_);
    }
    address_ = match[1];
  }

  const std::string& address() const { return address_; }
  // The file of a blob: what is written there is what the registry sends.
  std::string blob_file(const std::string& digest) const {
    return dir_ + "/docker/registry/v2/blobs/sha256/" + digest.substr(7, 2) + "/" + digest.substr(7) + "/data";
  }
  // Ends it, so that its log is whole, and tells how often the blob was fetched.
  long stop_and_count_downloads(const std::string& digest) {
    EXPECT_TRUE(os::signal_pidfd(child_->pidfd(), SIGTERM));
    EXPECT_TRUE(child_->wait());
    while (read_log()) {
    }
    const std::regex line("response completed[^\n]*method=GET[^\n]*blobs/" + digest);
    return std::distance(std::sregex_iterator(log_.begin(), log_.end(), line), {});
  }

 private:
  bool read_log() {
    pollfd waiting{.fd = child_->err(), .events = POLLIN, .revents = 0};
    if (poll(&waiting, 1, kStartMillisecondsMax) != 1) return false;
    bool end = false;
    auto text = os::read_available(child_->err(), kPipeBytes, &end);
    if (text) log_ += *text;
    return text && !text->empty();
  }

  std::string dir_, address_, log_;
  std::optional<os::Child> child_;
};

class RegistryPull : public PullTest {
 protected:
  void SetUp() override {
    PullTest::SetUp();
    for (const char* program : {"docker-registry", "skopeo", "curl", "setpriv"}) {
      if (!IsSkipped() && !os::find_program(program)) GTEST_SKIP() << program << " is not installed: run ./dev setup";
    }
    if (!IsSkipped()) registry_.emplace(dir_ + "/registry");
  }

  void run_program(std::vector<std::string> args) {
    args[0] = os::find_program(args[0]).value();
    auto child =
        os::spawn({.args = args, .env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + dir_ + "/home", "TMPDIR=" + dir_ + "/home"}});
    ASSERT_TRUE(child) << child.error().message;
    const auto code = child->wait();
    bool end = false;
    EXPECT_EQ(code.value(), 0) << args[0] << ": " << os::read_available(child->err(), os::kOutputBytesMax, &end).value();
  }
  // `name`: repository and tag. Returns the reference to pull.
  std::string push(const std::string& name, const std::vector<std::string>& layers, const std::vector<std::string>& options = {}) {
    return push_to(*registry_, name, layers, options);
  }
  std::string push_to(const DockerRegistry& registry, const std::string& name, const std::vector<std::string>& layers,
                      const std::vector<std::string>& options = {}) {
    // As root skopeo would remember blobs in /var/lib; as nobody it does so in a home that we renew, so that nothing is reused.
    const std::string archive = make_docker_archive(dir_ + "/archive.tar", "pushed:latest", layers);
    std::filesystem::remove_all(dir_ + "/home");
    std::filesystem::create_directory(dir_ + "/home");
    EXPECT_EQ(chown((dir_ + "/home").c_str(), kNobody, kNobody), 0);
    const std::string nobody = std::to_string(kNobody);
    std::vector<std::string> args{"setpriv",           "--clear-groups", "--reuid=" + nobody, "--regid=" + nobody,      "skopeo",
                                  "--insecure-policy", "copy",           "--quiet",           "--dest-tls-verify=false"};
    args.insert(args.end(), options.begin(), options.end());
    args.insert(args.end(), {"docker-archive:" + archive, "docker://" + registry.address() + "/" + name});
    run_program(args);
    return registry.address() + "/" + name;
  }
  Manifest manifest(const std::string& reference) {
    const ImageReference parsed = ImageReference::parse(reference).value();
    return ImageRegistry(parsed).manifest(parsed.tag).value();
  }
  std::string first_layer(const std::string& reference) { return read_manifest(manifest(reference).bytes).value().layers.at(0).digest; }

  std::optional<DockerRegistry> registry_;
};

}  // namespace stint
