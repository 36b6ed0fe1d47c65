#include "os/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "base/crash_point.h"

namespace stint::os {

Result<std::string> read_file(const std::string& path, size_t bytes_max) {
  TRY(Descriptor file, open_path(path, O_RDONLY));
  std::string bytes;
  char buffer[16384];
  for (;;) {
    const ssize_t count = read(file.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(errno_error("read " + path, errno));
    if (count == 0) return bytes;
    bytes.append(buffer, static_cast<size_t>(count));
    if (bytes.size() > bytes_max)
      return fail(Reason::kRequestEntityTooLarge, path + " is longer than " + std::to_string(bytes_max) + " bytes");
  }
}

namespace {

Result<void> write_new(const std::string& path, std::string_view bytes, Durability durability, int mode) {
  TRY(Descriptor file, open_path(path, O_WRONLY | O_CREAT | O_EXCL, mode));
  TRY_VOID(write_all(file.get(), bytes));
  if (durability == Durability::kSynced && fsync(file.get()) != 0) return fail(errno_error("sync " + path, errno));
  return {};
}

}  // namespace

Result<void> write_file_atomically(const std::string& path, std::string_view bytes, Durability durability, int mode) {
  static std::atomic<uint64_t> count{0};
  const std::string temporary = path + ".tmp" + std::to_string(getpid()) + "." + std::to_string(++count);
  auto written = write_new(temporary, bytes, durability, mode);
  if (written && rename(temporary.c_str(), path.c_str()) != 0) written = fail(errno_error("rename " + path, errno));
  if (!written) {
    unlink(temporary.c_str());
    return written;
  }
  crash_point("wrote", path);
  if (durability == Durability::kVisible) return {};
  return sync_directory(std::filesystem::path(path).parent_path());
}

Result<void> sync_directory(const std::string& path) {
  TRY(Descriptor directory, open_path(path.empty() ? "." : path, O_RDONLY | O_DIRECTORY));
  if (fsync(directory.get()) != 0) return fail(errno_error("sync " + path, errno));
  return {};
}

namespace {

bool make_directory(const std::string& path, int mode) {
  if (mkdir(path.c_str(), static_cast<mode_t>(mode)) != 0) return false;
  crash_point("made", path);
  return true;
}

}  // namespace

Result<void> make_directories(const std::string& path, int mode) {
  if (make_directory(path, mode)) return {};
  if (errno == ENOENT) {
    const std::string parent = std::filesystem::path(path).parent_path();
    if (parent.empty() || parent == path) return fail(errno_error("mkdir " + path, ENOENT));
    TRY_VOID(make_directories(parent, mode));
    if (make_directory(path, mode)) return {};
  }
  if (errno == EEXIST) {
    struct stat info{};
    if (stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return {};
    errno = ENOTDIR;
  }
  return fail(errno_error("mkdir " + path, errno));
}

Result<void> remove_tree(const std::string& path) {
  std::error_code error;
  const auto removed = std::filesystem::remove_all(path, error);
  if (error) return fail(errno_error("remove " + path, error.value()));
  if (removed > 0) crash_point("removed", path);
  return {};
}

Result<WallTime> modified_at(const std::string& path) {
  struct stat info{};
  if (stat(path.c_str(), &info) == 0) return WallTime(std::chrono::seconds(info.st_mtim.tv_sec) + Duration(info.st_mtim.tv_nsec));
  Error error = errno_error("look at " + path, errno);
  if (errno == ENOENT) error.reason = Reason::kNotFound;
  return fail(std::move(error));
}

Result<std::vector<std::string>> list_directory(const std::string& path) {
  std::vector<std::string> names;
  std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(path.c_str()), closedir);
  if (!directory) {
    if (errno == ENOENT) return names;
    return fail(errno_error("open " + path, errno));
  }
  while (const dirent* entry = readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

Result<FileLock> FileLock::acquire(const std::string& path) {
  TRY(Descriptor file, open_path(path, O_RDWR | O_CREAT, 0600));
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return fail(Reason::kConflict, path + " is held by another process");
    return fail(errno_error("lock " + path, errno));
  }
  return FileLock(std::move(file));
}

Result<FileLock> FileLock::acquire_waiting(const std::string& path) {
  TRY(Descriptor file, open_path(path, O_RDWR | O_CREAT, 0600));
  while (flock(file.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return fail(errno_error("lock " + path, errno));
  }
  return FileLock(std::move(file));
}

}  // namespace stint::os
