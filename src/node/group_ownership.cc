#include "node/group_ownership.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string_view>
#include <vector>

#include "os/descriptor.h"

namespace stint {
namespace {

struct Gift {
  gid_t group;
  bool read_only;
};

// Whether it is a directory. `file` is open by O_PATH: what is changed is what was looked at.
Result<bool> give(const os::Descriptor& file, const std::string& name, const Gift& gift) {
  struct stat info{};
  if (fstat(file.get(), &info) != 0) return fail(errno_error("stat " + name, errno));
  if (fchownat(file.get(), "", static_cast<uid_t>(-1), gift.group, AT_EMPTY_PATH) != 0) return fail(errno_error("chown " + name, errno));
  if (S_ISLNK(info.st_mode)) return false;
  const mode_t added = S_ISDIR(info.st_mode) ? 02070 : 0060;
  const mode_t mode = info.st_mode | (gift.read_only ? added & ~mode_t{0020} : added);
  const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  if (chmod(path.c_str(), mode & 07777) != 0) return fail(errno_error("chmod " + name, errno));
  return S_ISDIR(info.st_mode);
}

Result<std::vector<std::string>> names_in(os::Descriptor directory, const std::string& name) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(fdopendir(directory.get()), closedir);
  if (!stream) return fail(errno_error("list " + name, errno));
  static_cast<void>(directory.release());
  std::vector<std::string> names;
  while (const dirent* entry = readdir(stream.get())) {
    const std::string_view each = entry->d_name;
    if (each != "." && each != "..") names.emplace_back(each);
  }
  return names;
}

}  // namespace

Result<void> give_to_group(const std::string& root, gid_t group, bool read_only) {
  const Gift gift{.group = group, .read_only = read_only};
  TRY(const os::Descriptor top, os::open_path(root, O_PATH | O_DIRECTORY | O_NOFOLLOW));
  TRY_VOID(give(top, root, gift));
  std::vector<std::string> pending{"."};
  while (!pending.empty()) {
    const std::string directory = std::move(pending.back());
    pending.pop_back();
    auto opened = os::open_beneath(top.get(), directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!opened && opened.error().reason == Reason::kNotFound) continue;  // removed meanwhile
    if (!opened) return std::unexpected(std::move(opened).error());
    TRY(const os::Descriptor held, os::open_at(opened->get(), ".", O_PATH | O_DIRECTORY));
    TRY(const std::vector<std::string> names, names_in(*std::move(opened), directory));
    for (const std::string& name : names) {
      auto file = os::open_at(held.get(), name, O_PATH | O_NOFOLLOW);
      if (!file && file.error().reason == Reason::kNotFound) continue;
      if (!file) return std::unexpected(std::move(file).error());
      TRY(const bool is_directory, give(*file, name, gift));
      if (is_directory) pending.push_back(directory + "/" + name);
    }
  }
  return {};
}

}  // namespace stint
