#include "os/descriptor.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <cerrno>
#include <vector>

#include "base/crash_point.h"

namespace stint::os {

Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail(errno_error("pipe", errno));
  Pipe pipe{Descriptor(ends[0]), Descriptor(ends[1])};
  if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) return fail(errno_error("pipe: O_NONBLOCK", errno));
  return pipe;
}

namespace {

Result<Descriptor> opened(int fd, const std::string& path) {
  if (fd >= 0) return Descriptor(fd);
  const int code = errno;
  Error error = errno_error("open " + path, code);
  if (code == ENOENT) error.reason = Reason::kNotFound;
  return fail(std::move(error));
}

}  // namespace

Result<Descriptor> open_at(int directory, const std::string& path, int flags, int mode) {
  auto file = opened(openat(directory, path.c_str(), flags | O_CLOEXEC, mode), path);
  if (file && (flags & O_CREAT) != 0) crash_point("opened", path);
  return file;
}

Result<Descriptor> open_beneath(int directory, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<uint64_t>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  // EAGAIN: something was renamed meanwhile, so that the kernel can't tell whether ".." stayed inside. Who does nothing else all the time
  // is refused in the end.
  constexpr int kTries = 100;
  int fd = -1;
  for (int tries = 0; fd < 0 && tries < kTries; ++tries) {
    fd = static_cast<int>(syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how));
    if (fd < 0 && errno != EAGAIN && errno != EINTR) break;
  }
  return opened(fd, path);
}

Result<Descriptor> open_path(const std::string& path, int flags, int mode) { return open_at(AT_FDCWD, path, flags, mode); }

Result<void> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail(errno_error("write", errno));
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

Result<std::string> read_available(int fd, size_t bytes_max, bool* end) {
  std::string bytes;
  *end = false;
  char buffer[16384];
  while (bytes.size() < bytes_max) {
    const ssize_t count = read(fd, buffer, std::min(sizeof buffer, bytes_max - bytes.size()));
    if (count > 0) {
      bytes.append(buffer, static_cast<size_t>(count));
    } else if (count == 0) {
      *end = true;
      break;
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      if (!bytes.empty()) break;  // what came before the error is not lost; the next call tells of it
      return fail(errno_error("read", errno));
    }
  }
  return bytes;
}

}  // namespace stint::os
