#include "runtime/crun/image_user.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <sstream>

#include "os/descriptor.h"

namespace stint::crun {
namespace {

constexpr size_t kFileBytesMax = 1 << 20;

using Fields = std::vector<std::string>;

std::vector<std::string> split(const std::string& line, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(line);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

std::vector<Fields> entries_of(const std::string& text) {
  std::vector<Fields> entries;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) entries.push_back(split(line, ':'));
  return entries;
}

std::optional<uint32_t> number(const std::string& text) {
  uint32_t value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != end || value > INT32_MAX) return std::nullopt;
  return value;
}

// A name wins over a number, as in every runtime.
const Fields* find_entry(const std::vector<Fields>& entries, const std::string& key) {
  for (const Fields& entry : entries) {
    if (entry.size() >= 3 && entry[0] == key) return &entry;
  }
  for (const Fields& entry : entries) {
    if (entry.size() >= 3 && entry[2] == key) return &entry;
  }
  return nullptr;
}

// The file as the image shows it: from the highest layer that has it. Links stay inside the layer.
Result<std::string> read_in_image(const std::vector<std::string>& layer_dirs, const std::string& path) {
  for (auto layer = layer_dirs.rbegin(); layer != layer_dirs.rend(); ++layer) {
    TRY(const os::Descriptor root, os::open_path(*layer, O_PATH | O_DIRECTORY));
    open_how how{};
    how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
    how.resolve = RESOLVE_IN_ROOT;
    const os::Descriptor file(static_cast<int>(syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof how)));
    struct stat info{};
    if (!file) {
      if (errno == ENOENT || errno == ENOTDIR) continue;
      if (errno == ENXIO) return std::string();  // a whiteout, which is a device without a driver: removed in this layer
      return fail(errno_error("read " + path + " of the image", errno));
    }
    if (fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return std::string();
    bool end = false;
    return os::read_available(file.get(), kFileBytesMax, &end);
  }
  return std::string();
}

Result<uint32_t> resolve_group(const std::string& name, const std::vector<Fields>& groups) {
  if (const Fields* entry = find_entry(groups, name)) {
    if (const auto gid = number((*entry)[2])) return *gid;
  }
  if (const auto gid = number(name)) return *gid;
  return fail(Reason::kInvalid, "unable to find group " + name + ": no matching entries in group file");
}

void add_groups_of(const std::string& user, const std::vector<Fields>& groups, std::vector<uint32_t>& gids) {
  for (const Fields& entry : groups) {
    if (entry.size() < 4) continue;
    const auto members = split(entry[3], ',');
    const auto gid = number(entry[2]);
    if (gid && std::ranges::find(members, user) != members.end()) gids.push_back(*gid);
  }
}

}  // namespace

Result<UserIds> resolve_user_in(const std::string& text, const std::string& passwd, const std::string& group,
                                const std::vector<int64_t>& supplemental, bool image_groups) {
  const size_t colon = text.find(':');
  const std::string name = text.substr(0, colon);
  const std::vector<Fields> users = entries_of(passwd), groups = entries_of(group);
  UserIds ids;
  const Fields* entry = find_entry(users, name.empty() ? "0" : name);
  if (entry != nullptr) {
    ids.uid = number((*entry)[2]).value_or(0);
    ids.gid = entry->size() > 3 ? number((*entry)[3]).value_or(0) : 0;
    if (image_groups) add_groups_of((*entry)[0], groups, ids.additional_gids);
  } else if (const auto uid = number(name.empty() ? "0" : name)) {
    ids.uid = *uid;
  } else {
    return fail(Reason::kInvalid, "unable to find user " + name + ": no matching entries in passwd file");
  }
  if (colon != std::string::npos && colon + 1 < text.size()) {
    TRY(ids.gid, resolve_group(text.substr(colon + 1), groups));
  }
  for (const int64_t gid : supplemental) ids.additional_gids.push_back(static_cast<uint32_t>(gid));
  std::ranges::sort(ids.additional_gids);
  const auto repeated = std::ranges::unique(ids.additional_gids);
  ids.additional_gids.erase(repeated.begin(), repeated.end());
  return ids;
}

Result<UserIds> resolve_user(const std::string& text, const std::vector<std::string>& layer_dirs, const std::vector<int64_t>& supplemental,
                             bool image_groups) {
  TRY(const std::string passwd, read_in_image(layer_dirs, "etc/passwd"));
  TRY(const std::string group, read_in_image(layer_dirs, "etc/group"));
  return resolve_user_in(text, passwd, group, supplemental, image_groups);
}

}  // namespace stint::crun
