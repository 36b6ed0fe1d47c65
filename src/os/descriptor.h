// A file descriptor with one owner, and the plain operations on descriptors and small files. Any thread.
#pragma once

#include <unistd.h>

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace stint::os {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Descriptor() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  // The caller's from now on.
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  void reset() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
};

struct Pipe {
  Descriptor read_end, write_end;
};

// Close-on-exec; the read end does not block.
Result<Pipe> make_pipe();
// `flags` as open(2); close-on-exec is added.
Result<Descriptor> open_at(int directory, const std::string& path, int flags, int mode = 0);
Result<Descriptor> open_path(const std::string& path, int flags, int mode = 0);
// `path` without a way out of `directory`: links are followed only while they stay inside, absolute ones and those of /proc never. A path
// that leads out, at any moment of the walk, is an error.
Result<Descriptor> open_beneath(int directory, const std::string& path, int flags);
Result<void> write_all(int fd, std::string_view bytes);
// What can be read now, at most `bytes_max`; `end` tells that the other side hung up. For descriptors that do not block.
Result<std::string> read_available(int fd, size_t bytes_max, bool* end);

}  // namespace stint::os
