#include "node/atomic_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "base/crash_point.h"
#include "os/descriptor.h"

namespace stint {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDataLink = "..data";
constexpr const char* kNewDataLink = "..data_tmp";

Result<void> write_file(const fs::path& path, const PayloadFile& file) {
  TRY(const os::Descriptor opened, os::open_path(path, O_WRONLY | O_CREAT | O_TRUNC, 0600));
  TRY_VOID(os::write_all(opened.get(), file.bytes));
  if (fchmod(opened.get(), static_cast<mode_t>(file.mode)) != 0)
    return fail(errno_error("chmod " + path.string(), errno));  // past the umask
  if (file.owner && fchown(opened.get(), static_cast<uid_t>(*file.owner), static_cast<gid_t>(-1)) != 0)
    return fail(errno_error("chown " + path.string(), errno));
  return {};
}

// Modes and owners do not change while a pod lives, but the pod's group was given the files after they were written (fsGroup).
bool holds(const fs::path& data, const Payload& payload) {
  std::error_code ignored;
  size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(data, ignored)) files += entry.is_regular_file(ignored) ? 1 : 0;
  if (ignored || files != payload.size()) return false;
  for (const auto& [path, file] : payload) {
    std::ifstream in(data / path, std::ios::binary);
    if (!in || std::string(std::istreambuf_iterator<char>(in), {}) != file.bytes) return false;
  }
  return true;
}

Result<fs::path> make_version_dir(const fs::path& dir) {
  char stamp[32];
  const std::time_t now = std::time(nullptr);  // a name, not a moment that anything depends on
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::strftime(stamp, sizeof stamp, "..%Y_%m_%d_%H_%M_%S.", &parts);
  std::string name = (dir / stamp).string() + "XXXXXX";
  if (mkdtemp(name.data()) == nullptr) return fail(errno_error("mkdtemp in " + dir.string(), errno));
  if (chmod(name.c_str(), 0755) != 0) return fail(errno_error("chmod " + name, errno));
  return fs::path(name);
}

Result<void> link_names(const fs::path& dir, const Payload& payload) {
  std::set<std::string> wanted;
  for (const auto& [path, file] : payload) wanted.insert(fs::path(path).begin()->string());
  std::error_code error;
  for (const auto& name : wanted) {
    if (fs::is_symlink(fs::symlink_status(dir / name, error))) continue;
    fs::create_symlink(fs::path(kDataLink) / name, dir / name, error);
    if (error) return fail(errno_error("symlink " + (dir / name).string(), error.value()));
    crash_point("linked", (dir / name).string());
  }
  for (const auto& entry : fs::directory_iterator(dir, error)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with("..") && !wanted.contains(name)) fs::remove(entry.path(), error);
  }
  if (error) return fail(errno_error("list " + dir.string(), error.value()));
  return {};
}

void drop_old_versions(const fs::path& dir, const fs::path& current) {
  std::error_code ignored;  // what stays is dropped at the next write, or with the volume
  for (const auto& entry : fs::directory_iterator(dir, ignored)) {
    const std::string name = entry.path().filename();
    if (name.starts_with("..") && name != kDataLink && entry.path() != current && entry.is_directory(ignored))
      fs::remove_all(entry.path(), ignored);
  }
}

}  // namespace

Result<void> write_atomically(const std::string& dir_name, const Payload& payload) {
  const fs::path dir = dir_name;
  std::error_code error;
  if (fs::exists(dir / kDataLink, error) && holds(dir / kDataLink, payload)) return link_names(dir, payload);

  TRY(const fs::path version, make_version_dir(dir));
  for (const auto& [path, file] : payload) {
    fs::create_directories((version / path).parent_path(), error);
    if (error) return fail(errno_error("mkdir for " + path, error.value()));
    TRY_VOID(write_file(version / path, file));
  }
  fs::remove(dir / kNewDataLink, error);
  fs::create_symlink(version.filename(), dir / kNewDataLink, error);
  if (error) return fail(errno_error("symlink " + (dir / kNewDataLink).string(), error.value()));
  fs::rename(dir / kNewDataLink, dir / kDataLink, error);
  if (error) return fail(errno_error("rename " + (dir / kNewDataLink).string(), error.value()));
  crash_point("linked", (dir / kDataLink).string());
  TRY_VOID(link_names(dir, payload));
  drop_old_versions(dir, version);
  return {};
}

}  // namespace stint
