#include "os/local_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace stint::os {

Result<Descriptor> connect_packets(const std::string& directory, const std::string& name) {
  TRY(const Descriptor place, open_path(directory, O_PATH | O_DIRECTORY));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = "/proc/self/fd/" + std::to_string(place.get()) + "/" + name;
  if (path.size() >= sizeof address.sun_path) return fail(Reason::kInternalError, "the name of socket " + name + " is too long");
  std::memcpy(address.sun_path, path.data(), path.size());
  Descriptor made(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!made) return fail(errno_error("make a socket", errno));
  if (connect(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return made;
  const int code = errno;
  Error error = errno_error("connect to " + directory + "/" + name, code);
  if (code == ENOENT || code == ECONNREFUSED) error.reason = Reason::kNotFound;
  return fail(std::move(error));
}

Result<std::string> receive_packet(int fd, size_t bytes_max) {
  std::string bytes(bytes_max, '\0');
  ssize_t size = 0;
  do {
    size = recv(fd, bytes.data(), bytes.size(), 0);
  } while (size < 0 && errno == EINTR);
  if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return fail(Reason::kConflict, "no packet is there");
  if (size < 0) return fail(errno_error("receive a packet", errno));
  bytes.resize(static_cast<size_t>(size));
  return bytes;
}

Result<bool> send_packet(int fd, std::string_view bytes) {
  while (send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
    if (errno != EINTR) return fail(errno_error("send a packet", errno));
  }
  return true;
}

void end_packets(int fd) { shutdown(fd, SHUT_WR); }

}  // namespace stint::os
