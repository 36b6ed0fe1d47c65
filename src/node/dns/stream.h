// DNS messages over a stream: each has its length before it, in two bytes. Loop thread only.
#pragma once

#include <string>

#include "base/loop.h"
#include "os/socket.h"

namespace stint::dns {

// One longer than `bytes_max` is an error.
inline Task<Result<std::string>> receive_message(Loop& loop, int fd, size_t bytes_max) {
  CO_TRY(const std::string length, co_await os::receive_bytes(loop, fd, 2));
  const size_t size = static_cast<size_t>(static_cast<uint8_t>(length[0])) << 8 | static_cast<uint8_t>(length[1]);
  if (size > bytes_max) co_return fail(Reason::kRequestEntityTooLarge, "a message of " + std::to_string(size) + " bytes");
  co_return co_await os::receive_bytes(loop, fd, size);
}

inline Task<Result<void>> send_message(Loop& loop, int fd, std::string message) {
  std::string bytes{static_cast<char>(message.size() >> 8), static_cast<char>(message.size() & 0xff)};
  co_return co_await os::send_bytes(loop, fd, bytes + message);
}

}  // namespace stint::dns
