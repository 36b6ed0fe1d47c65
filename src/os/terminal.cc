#include "os/terminal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <string>

namespace stint::os {
namespace {

Result<void> set_nonblocking(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) return fail(errno_error("make descriptor nonblocking", errno));
  return {};
}

}  // namespace

Result<Terminal> open_terminal() {
  Terminal terminal{.master = Descriptor(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)), .slave = {}};
  const int master = terminal.master.get();
  char name[64];
  if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 || ptsname_r(master, name, sizeof name) != 0) {
    return fail(errno_error("terminal", errno));
  }
  TRY(terminal.slave, open_path(name, O_RDWR | O_NOCTTY));
  TRY_VOID(set_nonblocking(master));
  return terminal;
}

Result<void> set_terminal_size(int fd, int columns, int rows) {
  const auto bounded = [](int value) {
    return static_cast<unsigned short>(std::clamp<int>(value, 0, std::numeric_limits<unsigned short>::max()));
  };
  const winsize size{.ws_row = bounded(rows), .ws_col = bounded(columns), .ws_xpixel = 0, .ws_ypixel = 0};
  if (ioctl(fd, TIOCSWINSZ, &size) != 0) return fail(errno_error("terminal size", errno));
  return {};
}

Result<Pipe> make_input_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail(errno_error("pipe", errno));
  Pipe pipe{Descriptor(ends[0]), Descriptor(ends[1])};
  TRY_VOID(set_nonblocking(pipe.write_end.get()));
  return pipe;
}

Result<size_t> write_available(int fd, std::string_view bytes) {
  while (true) {
    const ssize_t count = write(fd, bytes.data(), bytes.size());
    if (count >= 0) return static_cast<size_t>(count);
    if (errno == EAGAIN) return 0;
    if (errno != EINTR) return fail(errno_error("write", errno));
  }
}

Result<Descriptor> writable_signal(int fd) {
  Descriptor signal(epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{.events = EPOLLOUT, .data = {}};
  if (!signal || epoll_ctl(signal.get(), EPOLL_CTL_ADD, fd, &event) != 0) return fail(errno_error("watch for room", errno));
  return signal;
}

}  // namespace stint::os
