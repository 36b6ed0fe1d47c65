// For tests: a registry on loopback with one image, "team/app:v1", that wants tokens and gives them out itself. Any thread.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>

#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "api/base64.h"
#include "image/test_archives.h"
#include "os/descriptor.h"

namespace stint {

class TokenServer {
 public:
  struct Options {
    std::string username, password;  // who gets a token
    std::string identity_token;      // or by which
    std::string token_location;      // where one is sent for a token instead
    bool plain = false;              // has nothing, and asks nobody
  };
  explicit TokenServer(Options options) : options_(std::move(options)) {
    sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    socklen_t size = sizeof address;
    if (bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_.get(), 8) != 0 ||
        getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("cannot listen on loopback");
    }
    address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    const std::string layer(1024, '\0');  // an empty tar
    const std::string config = make_image_config({layer});
    const auto blob = [](const std::string& bytes) {
      return R"({"digest":")" + sha256_of(bytes) + R"(","size":)" + std::to_string(bytes.size()) + "}";
    };
    files_["/v2/team/app/manifests/v1"] = R"({"schemaVersion":2,"config":)" + blob(config) + R"(,"layers":[)" + blob(layer) + "]}";
    files_["/v2/team/app/blobs/" + sha256_of(config)] = config;
    files_["/v2/team/app/blobs/" + sha256_of(layer)] = layer;
    thread_ = std::jthread([this] { answer_all(); });
  }
  ~TokenServer() { shutdown(listener_.get(), SHUT_RDWR); }  // accept returns, the thread ends

  const std::string& address() const { return address_; }
  // From now on a token does not help.
  void forbid() {
    const std::lock_guard lock(mutex_);
    forbidden_ = true;
  }
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  // Method and path of those for a token.
  std::vector<std::string> token_requests() const {
    std::vector<std::string> found;
    for (const std::string& request : requests()) {
      const std::string line = request.substr(0, request.find(" HTTP/"));
      if (line.find(" /token") != std::string::npos) found.push_back(line);
    }
    return found;
  }

 private:
  static constexpr char kToken[] = "a-token";

  void answer_all() {
    while (true) {
      const os::Descriptor client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!client) return;
      const std::string request = read_request(client.get());
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
      static_cast<void>(os::write_all(client.get(), answer(request)));
    }
  }
  static std::string read_request(int client) {
    std::string request;
    char buffer[4096];
    size_t wanted = 0;
    while (wanted == 0 || request.size() < wanted) {
      const ssize_t size = read(client, buffer, sizeof buffer);
      if (size <= 0) break;
      request.append(buffer, static_cast<size_t>(size));
      const size_t end = request.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      const size_t length = request.find("Content-Length: ");
      wanted = end + 4 + (length == std::string::npos ? 0 : std::stoul(request.substr(length + 16)));
    }
    return request;
  }
  static std::string reply(const std::string& status, const std::string& body, const std::string& more = "") {
    return "HTTP/1.1 " + status + "\r\n" + more + "Connection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  std::string answer(const std::string& request) const {
    const size_t begin = request.find(' ') + 1;
    const std::string path = request.substr(begin, request.find(' ', begin) - begin);
    if (options_.plain) return reply("404 Not Found", "");
    if (path.starts_with("/token") && !options_.token_location.empty())
      return reply("307 Temporary Redirect", "", "Location: " + options_.token_location + "\r\n");
    if (path.starts_with("/token"))
      return gives_token(request) ? reply("200 OK", R"({"token":")" + std::string(kToken) + "\"}") : reply("401 Unauthorized", "");
    if (request.find("Authorization: Bearer " + std::string(kToken)) == std::string::npos) {
      return reply(
          "401 Unauthorized", "",
          "WWW-Authenticate: Bearer realm=\"http://" + address_ + "/token\",service=\"lab\",scope=\"repository:team/app:pull\"\r\n");
    }
    if (forbidden_)
      return reply("403 Forbidden", R"({"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]})");
    const auto file = files_.find(path);
    return file == files_.end() ? reply("404 Not Found", "") : reply("200 OK", file->second);
  }
  bool gives_token(const std::string& request) const {
    if (!options_.identity_token.empty())
      return request.starts_with("POST ") && request.find("grant_type=refresh_token") != std::string::npos &&
             request.find("refresh_token=long%2Flife") != std::string::npos;
    std::string basic = "Authorization: Basic ";
    append_base64(options_.username + ":" + options_.password, basic);
    return request.find(basic + "\r\n") != std::string::npos;
  }

  Options options_;
  std::string address_;
  std::map<std::string, std::string> files_;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;  // guarded by mutex_
  bool forbidden_ = false;             // guarded by mutex_
  os::Descriptor listener_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::jthread thread_;
};

}  // namespace stint
