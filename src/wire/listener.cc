#include <arpa/inet.h>
#include <sys/socket.h>

#include <cstring>
#include <thread>

#include "wire/http.h"

namespace stint::http {
namespace {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

Result<SocketAddress> socket_address(const std::string& address, int port) {
  SocketAddress made;
  sockaddr_in v4{.sin_family = AF_INET, .sin_port = htons(static_cast<uint16_t>(port)), .sin_addr = {}, .sin_zero = {}};
  sockaddr_in6 v6{.sin6_family = AF_INET6, .sin6_port = v4.sin_port, .sin6_flowinfo = 0, .sin6_addr = {}, .sin6_scope_id = 0};
  if (inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
    std::memcpy(&made.storage, &v4, made.size = sizeof v4);
  } else if (inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) == 1) {
    std::memcpy(&made.storage, &v6, made.size = sizeof v6);
  } else {
    return fail(Reason::kBadRequest, "\"" + address + "\" is no IP address");
  }
  return made;
}

// A server that was killed while it started a program leaves a child that holds its sockets until it executes: a moment, longer on a busy
// machine. Whoever starts the server again at once must not be told that its port is taken.
constexpr std::chrono::milliseconds kBusyPause{50};
constexpr int kBusyTriesMax = 40;

bool bind_and_listen(int descriptor, SocketAddress& address, int tries_max) {
  for (int tries = 1; bind(descriptor, address.get(), address.size) != 0 || listen(descriptor, SOMAXCONN) != 0; ++tries) {
    if (errno != EADDRINUSE || tries == tries_max) return false;
    std::this_thread::sleep_for(kBusyPause);
  }
  return true;
}

}  // namespace

Result<Listener> Listener::open(const std::string& address, int port, bool early) {
  const auto failed = [where = "listen on " + address + ":" + std::to_string(port)] { return fail(errno_error(where, errno)); };
  TRY(SocketAddress bound, socket_address(address, port));
  Listener listener;
  listener.address_ = address;
  listener.ip_version_ = bound.storage.ss_family == AF_INET ? 4 : 6;
  listener.socket_ = os::Descriptor(socket(bound.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int descriptor = listener.socket_.get(), on = 1;
  if (descriptor < 0) return failed();
  if (setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return failed();
  if (early && setsockopt(descriptor, IPPROTO_IP, IP_FREEBIND, &on, sizeof on) != 0) return failed();
  if (!bind_and_listen(descriptor, bound, early ? kBusyTriesMax / 4 : kBusyTriesMax)) return failed();
  if (getsockname(descriptor, bound.get(), &bound.size) != 0) return failed();
  // sin_port and sin6_port lie at the same place.
  listener.port_ = ntohs(reinterpret_cast<const sockaddr_in*>(&bound.storage)->sin_port);
  return listener;
}

std::string Listener::authority() const { return (ip_version_ == 4 ? address_ : "[" + address_ + "]") + ":" + std::to_string(port_); }

}  // namespace stint::http
