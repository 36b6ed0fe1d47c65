#include "server/audit_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace stint {

Result<std::unique_ptr<AuditLog>> AuditLog::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (descriptor < 0) return fail(errno_error("open the audit log " + path, errno));
  return std::unique_ptr<AuditLog>(new AuditLog(descriptor));
}

AuditLog::AuditLog(int descriptor) : descriptor_(descriptor), thread_([this] { run(); }) {}

AuditLog::~AuditLog() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
  close(descriptor_);
}

void AuditLog::write(std::string_view line) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() + line.size() >= kBufferBytesMax) {
      lose(1, "the disk is too slow");
      return;
    }
    first = waiting_.empty();
    waiting_ += line;
    waiting_ += '\n';
    ++waiting_lines_;
  }
  if (first) changed_.notify_one();
}

void AuditLog::run() {
  std::string lines;
  while (true) {
    uint64_t count = 0;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      lines.clear();
      lines.swap(waiting_);
      count = std::exchange(waiting_lines_, 0);
    }
    if (!append(lines)) {
      lose(count, std::strerror(errno));
      continue;
    }
    written_ += count;
    if (losing_.exchange(false)) log_info("audit log is written again", "lost", lost_.load());
  }
}

// A part of a line would spoil the next one.
bool AuditLog::append(const std::string& lines) {
  struct stat before{};
  if (fstat(descriptor_, &before) != 0) return false;
  size_t done = 0;
  while (done < lines.size()) {
    const ssize_t n = ::write(descriptor_, lines.data() + done, lines.size() - done);
    if (n >= 0) {
      done += static_cast<size_t>(n);
    } else if (errno != EINTR) {
      const int why = errno;
      if (done > 0 && ftruncate(descriptor_, before.st_size) != 0) log_error("audit log has a broken line");
      errno = why;
      return false;
    }
  }
  return true;
}

void AuditLog::lose(uint64_t lines, const char* why) {
  lost_ += lines;
  if (!losing_.exchange(true)) log_error("audit log loses lines", "error", why, "lost", lost_.load());
}

}  // namespace stint
