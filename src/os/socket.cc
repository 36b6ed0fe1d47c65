#include "os/socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace stint::os {
namespace {

sockaddr* address_of(Endpoint& endpoint) { return reinterpret_cast<sockaddr*>(&endpoint.storage); }
const sockaddr* address_of(const Endpoint& endpoint) { return reinterpret_cast<const sockaddr*>(&endpoint.storage); }

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

Result<Descriptor> make_socket(const Endpoint& endpoint, int type) {
  Descriptor made(socket(endpoint.storage.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!made) return fail(errno_error("make a socket", errno));
  return made;
}

// The loop watches for what can be read only; a set of watches can be read when one of them has fired.
class WriteWatch {
 public:
  static Result<WriteWatch> on(int fd) {
    WriteWatch watch;
    watch.set_ = Descriptor(epoll_create1(EPOLL_CLOEXEC));
    if (!watch.set_) return fail(errno_error("watch a socket", errno));
    epoll_event event{.events = EPOLLOUT, .data = {}};
    if (epoll_ctl(watch.set_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return fail(errno_error("watch a socket", errno));
    return watch;
  }
  int fd() const { return set_.get(); }

 private:
  Descriptor set_;
};

Task<Result<void>> writable(Loop& loop, int fd) {
  CO_TRY(const WriteWatch watch, WriteWatch::on(fd));
  co_await readable(loop, watch.fd());
  co_return Result<void>();
}

}  // namespace

Result<Endpoint> Endpoint::of(const std::string& address, int port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0)
    return fail(Reason::kBadRequest, "\"" + address + "\" is no IP address");
  Endpoint made;
  made.size = found->ai_addrlen;
  std::memcpy(&made.storage, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  return made;
}

Result<Endpoint> Endpoint::of_path(const std::string& path) {
  Endpoint made;
  auto& address = *reinterpret_cast<sockaddr_un*>(&made.storage);
  if (path.empty() || path.size() >= sizeof address.sun_path) return fail(Reason::kBadRequest, "\"" + path + "\" is no path of a socket");
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  made.size = static_cast<socklen_t>(sizeof address.sun_family + path.size() + 1);
  return made;
}

int Endpoint::port() const {
  if (storage.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port);
  return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
}

uint32_t Endpoint::ipv4() const {
  return storage.ss_family == AF_INET ? ntohl(reinterpret_cast<const sockaddr_in*>(&storage)->sin_addr.s_addr) : 0;
}

Result<Descriptor> bind_datagrams(const Endpoint& own) {
  TRY(Descriptor made, make_socket(own, SOCK_DGRAM));
  if (bind(made.get(), address_of(own), own.size) != 0) return fail(errno_error("take the port for datagrams", errno));
  return made;
}

Result<Descriptor> listen_for_streams(const Endpoint& own) {
  TRY(Descriptor made, make_socket(own, SOCK_STREAM));
  const int on = 1;
  setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);  // connections of an earlier life may linger
  if (bind(made.get(), address_of(own), own.size) != 0 || listen(made.get(), SOMAXCONN) != 0)
    return fail(errno_error("take the port for streams", errno));
  return made;
}

Result<Endpoint> own_endpoint(int fd) {
  Endpoint own;
  own.size = sizeof own.storage;
  if (getsockname(fd, address_of(own), &own.size) != 0) return fail(errno_error("ask for a socket's address", errno));
  return own;
}

Result<Descriptor> connect_datagrams(const Endpoint& other) {
  TRY(Descriptor made, make_socket(other, SOCK_DGRAM));
  if (connect(made.get(), address_of(other), other.size) != 0) return fail(errno_error("connect", errno));
  return made;
}

Task<Result<Descriptor>> connect_stream(Loop& loop, Endpoint other) {
  CO_TRY(Descriptor made, make_stream_socket(other));
  co_return co_await connect_stream(loop, std::move(made), other);
}

Result<Descriptor> make_stream_socket(const Endpoint& other) { return make_socket(other, SOCK_STREAM); }

Task<Result<Descriptor>> connect_stream(Loop& loop, Descriptor made, Endpoint other) {
  if (connect(made.get(), address_of(other), other.size) == 0) co_return made;
  if (errno != EINPROGRESS) co_return fail(errno_error("connect", errno));
  CO_TRY_VOID(co_await writable(loop, made.get()));
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(made.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) co_return fail(errno_error("connect", error));
  co_return made;
}

Result<Datagram> receive_datagram(int fd, size_t bytes_max) {
  Datagram datagram;
  datagram.from.size = sizeof datagram.from.storage;
  datagram.bytes.resize(bytes_max);
  const ssize_t size = recvfrom(fd, datagram.bytes.data(), bytes_max, 0, address_of(datagram.from), &datagram.from.size);
  if (size < 0 && would_block()) return fail(Reason::kNotFound, "no datagram is there");
  if (size < 0) return fail(errno_error("receive a datagram", errno));
  datagram.bytes.resize(static_cast<size_t>(size));
  return datagram;
}

void send_datagram(int fd, std::string_view bytes, const Endpoint& to) {
  static_cast<void>(sendto(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL, to.size == 0 ? nullptr : address_of(to), to.size));
}

Result<Caller> accept_stream(int fd) {
  Caller caller;
  caller.from.size = sizeof caller.from.storage;
  caller.stream = Descriptor(accept4(fd, address_of(caller.from), &caller.from.size, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!caller.stream && would_block()) return fail(Reason::kNotFound, "nobody waits");
  if (!caller.stream) return fail(errno_error("accept a connection", errno));
  return caller;
}

Task<Result<std::string>> receive_bytes(Loop& loop, int fd, size_t size) {
  std::string bytes(size, '\0');
  for (size_t at = 0; at < size;) {
    const ssize_t got = recv(fd, bytes.data() + at, size - at, 0);
    if (got == 0) co_return fail(Reason::kServiceUnavailable, "the other side hung up");
    if (got < 0 && !would_block()) co_return fail(errno_error("receive", errno));
    if (got < 0) {
      co_await readable(loop, fd);
    } else {
      at += static_cast<size_t>(got);
    }
  }
  co_return bytes;
}

Task<Result<void>> send_bytes(Loop& loop, int fd, std::string bytes) {
  for (size_t at = 0; at < bytes.size();) {
    const ssize_t sent = send(fd, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
    if (sent < 0 && !would_block()) co_return fail(errno_error("send", errno));
    if (sent < 0) {
      CO_TRY_VOID(co_await writable(loop, fd));
    } else {
      at += static_cast<size_t>(sent);
    }
  }
  co_return Result<void>();
}

}  // namespace stint::os
