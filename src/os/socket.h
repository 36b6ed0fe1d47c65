// Sockets that never block, for datagrams and for streams, of IPv4 and IPv6. What waits is a coroutine that can be cancelled. Loop thread
// only.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "base/loop.h"
#include "base/result.h"
#include "os/descriptor.h"

namespace stint::os {

struct Endpoint {
  sockaddr_storage storage{};
  socklen_t size = 0;

  // `address`: "10.0.0.1", "fe80::1%eth0".
  static Result<Endpoint> of(const std::string& address, int port);
  static Result<Endpoint> of_path(const std::string& path);  // of a Unix socket; kBadRequest: it is too long for one
  int port() const;
  uint32_t ipv4() const;  // in host byte order; 0 of an IPv6 address
};

Result<Descriptor> bind_datagrams(const Endpoint& own);
Result<Descriptor> listen_for_streams(const Endpoint& own);
Result<Endpoint> own_endpoint(int fd);
// Takes in only what comes from the other side.
Result<Descriptor> connect_datagrams(const Endpoint& other);
Task<Result<Descriptor>> connect_stream(Loop& loop, Endpoint other);
// The same with a socket that was made before, which belongs to the network namespace that it was made in.
Result<Descriptor> make_stream_socket(const Endpoint& other);
Task<Result<Descriptor>> connect_stream(Loop& loop, Descriptor made, Endpoint other);

struct Datagram {
  std::string bytes;  // longer ones are cut off
  Endpoint from;
};
// kNotFound if none is there now.
Result<Datagram> receive_datagram(int fd, size_t bytes_max);
// What the kernel has no room for is dropped, as datagrams may be.
void send_datagram(int fd, std::string_view bytes, const Endpoint& to);

// kNotFound if nobody waits.
struct Caller {
  Descriptor stream;
  Endpoint from;
};
Result<Caller> accept_stream(int fd);
// Exactly so many; an error if the other side ends before.
Task<Result<std::string>> receive_bytes(Loop& loop, int fd, size_t size);
Task<Result<void>> send_bytes(Loop& loop, int fd, std::string bytes);

}  // namespace stint::os
