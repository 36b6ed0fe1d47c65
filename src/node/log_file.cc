#include "node/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "node/cri_log.h"

namespace stint {
namespace {

Result<size_t> read_at(int fd, char* to, size_t size, int64_t offset) {
  while (true) {
    const ssize_t n = pread(fd, to, size, offset);
    if (n >= 0) return static_cast<size_t>(n);
    if (errno != EINTR) return fail(errno_error("read log", errno));
  }
}

}  // namespace

Result<std::unique_ptr<LogFile>> LogFile::open(const std::string& path) {
  auto file = os::open_path(path, O_RDONLY);
  if (!file && file.error().reason == Reason::kNotFound)
    return fail(Reason::kNotFound, "failed to try resolving symlinks in path \"" + path + "\": no such file or directory");
  if (!file) return std::unexpected(std::move(file).error());
  struct stat info{};
  if (fstat(file->get(), &info) != 0) return fail(errno_error("stat log", errno));
  return std::unique_ptr<LogFile>(new LogFile(*std::move(file), info.st_ino));
}

Result<void> LogFile::seek_tail(int64_t lines) {
  struct stat info{};
  if (fstat(file_.get(), &info) != 0) return fail(errno_error("stat log", errno));
  offset_ = info.st_size;
  int64_t left = info.st_size;
  // The newline that ends the last line does not begin another one.
  int64_t newlines_wanted = std::min(lines, std::numeric_limits<int64_t>::max() - 1) + 1;
  std::string chunk(kChunkBytes, '\0');
  while (lines > 0 && left > 0) {
    const auto size = static_cast<size_t>(std::min<int64_t>(left, static_cast<int64_t>(kChunkBytes)));
    TRY(const size_t got, read_at(file_.get(), chunk.data(), size, left - static_cast<int64_t>(size)));
    if (left == info.st_size && got == size && chunk[size - 1] != '\n') --newlines_wanted;  // an unfinished line counts as one
    for (size_t i = got; i > 0; --i) {
      if (chunk[i - 1] != '\n' || --newlines_wanted > 0) continue;
      offset_ = left - static_cast<int64_t>(size) + static_cast<int64_t>(i);
      return {};
    }
    left -= static_cast<int64_t>(size);
  }
  if (lines > 0) offset_ = 0;
  return {};
}

Result<std::string> LogFile::read_chunk() {
  std::string chunk(kChunkBytes, '\0');
  TRY(const size_t got, read_at(file_.get(), chunk.data(), chunk.size(), offset_));
  chunk.resize(got);
  offset_ += static_cast<int64_t>(got);
  return chunk;
}

std::string read_log_tail(const std::string& path, int64_t lines, size_t bytes_max) {
  auto file = LogFile::open(path);
  if (!file || !(*file)->seek_tail(lines)) return "";
  LogText text({});
  std::string out;
  while (true) {
    auto chunk = (*file)->read_chunk();
    if (!chunk || chunk->empty()) return out;
    text.feed(*chunk, out);
    if (out.size() > bytes_max) out.erase(0, out.size() - bytes_max);
  }
}

}  // namespace stint
