#include "image/layer.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <memory>
#include <string_view>
#include <vector>

#include "base/crash_point.h"
#include "image/sha256.h"
#include "os/descriptor.h"

namespace stint {
namespace {

constexpr size_t kBlockBytes = 256 * 1024;
constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";

struct FreeArchive {
  void operator()(archive* a) const { archive_read_free(a); }
};
using Reader = std::unique_ptr<archive, FreeArchive>;

Error archive_error(archive* reader, std::string_view what) {
  const char* text = archive_error_string(reader);
  return Error{.reason = Reason::kInternalError, .message = std::string(what) + ": " + (text != nullptr ? text : "unknown error")};
}

// What registries and archives hold. Not the library's "all": that runs programs such as lrzip on what a layer claims to be.
void support_filters(archive* reader) {
  archive_read_support_filter_gzip(reader);
  archive_read_support_filter_zstd(reader);
  archive_read_support_filter_bzip2(reader);
  archive_read_support_filter_xz(reader);
}

// The uncompressed bytes of the file, hashed on their way to the tar reader.
struct Source {
  Reader reader;
  Sha256 hash;
  int64_t bytes_max = 0, bytes = 0;
  std::vector<char> block = std::vector<char>(kBlockBytes);

  static la_ssize_t read(archive* tar, void* context, const void** bytes) {
    auto* source = static_cast<Source*>(context);
    const la_ssize_t size = archive_read_data(source->reader.get(), source->block.data(), source->block.size());
    if (size < 0) {
      archive_set_error(tar, archive_errno(source->reader.get()), "%s", archive_error_string(source->reader.get()));
      return -1;
    }
    source->bytes += size;
    if (source->bytes > source->bytes_max) {
      archive_set_error(tar, EFBIG, "too large");
      return -1;
    }
    source->hash.update({source->block.data(), static_cast<size_t>(size)});
    *bytes = source->block.data();
    return size;
  }
};

// "./a/b/" → a, b. An error for "..": no honest layer has it.
Result<std::vector<std::string>> split_path(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const size_t end = path.find('/');
    const std::string_view part = path.substr(0, end);
    path = end == std::string_view::npos ? std::string_view{} : path.substr(end + 1);
    if (part.empty() || part == ".") continue;
    if (part == "..") return fail(Reason::kInvalid, "layer entry leaves its directory: it has \"..\" in its name");
    parts.emplace_back(part);
  }
  return parts;
}

class Unpacker {
 public:
  Unpacker(os::Descriptor root, LayerLimits limits) : root_(std::move(root)), limits_(limits) {}

  Result<void> add(archive* tar, archive_entry* entry) {
    if (++entries_ > limits_.entries_max) return fail(Reason::kInvalid, "layer has too many entries");
    const char* name = archive_entry_pathname(entry);
    if (name == nullptr) return fail(Reason::kInvalid, "layer entry has no name");
    TRY(std::vector<std::string> parts, split_path(name));
    if (parts.empty()) return set_attributes(root_.get(), ".", entry);
    const std::string leaf = parts.back();
    parts.pop_back();
    TRY(os::Descriptor parent, open_directory(parts, true));
    if (leaf == kOpaque) return make_opaque(parent.get());
    if (leaf.starts_with(kWhiteout)) return make_whiteout(parent.get(), leaf.substr(kWhiteout.size()));
    return make_entry(tar, entry, parent.get(), leaf);
  }

  int64_t bytes() const { return bytes_; }

 private:
  // Symbolic links on the way are followed as if the layer were the root file system, so they cannot lead out of it.
  Result<os::Descriptor> open_directory(const std::vector<std::string>& parts, bool make) {
    os::Descriptor at(fcntl(root_.get(), F_DUPFD_CLOEXEC, 0));
    std::string path = ".";
    for (const auto& part : parts) {
      path += "/" + part;
      os::Descriptor next = open_in_root(path, O_PATH | O_DIRECTORY);
      if (!next && errno == ENOENT && make) {
        if (mkdirat(at.get(), part.c_str(), 0755) != 0 && errno != EEXIST) return fail(errno_error("unpack " + path, errno));
        next = open_in_root(path, O_PATH | O_DIRECTORY);
      }
      if (!next) return fail(errno_error("unpack " + path, errno));
      at = std::move(next);
    }
    return at;
  }

  os::Descriptor open_in_root(const std::string& path, uint64_t flags) {
    open_how how{};
    how.flags = flags | O_CLOEXEC;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    return os::Descriptor(static_cast<int>(syscall(SYS_openat2, root_.get(), path.c_str(), &how, sizeof how)));
  }

  static std::string proc_path(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

  Result<void> make_opaque(int parent) {
    if (setxattr(proc_path(parent).c_str(), "trusted.overlay.opaque", "y", 1, 0) == 0) return {};
    return fail(errno_error("mark directory opaque", errno));
  }

  Result<void> make_whiteout(int parent, const std::string& name) {
    if (name.empty() || name == "." || name == "..") return fail(Reason::kInvalid, "layer has a whiteout without a name");
    if (mknodat(parent, name.c_str(), S_IFCHR, makedev(0, 0)) == 0 || errno == EEXIST) return {};
    return fail(errno_error("make whiteout " + name, errno));
  }

  Result<void> make_entry(archive* tar, archive_entry* entry, int parent, const std::string& leaf) {
    if (const char* target = archive_entry_hardlink(entry); target != nullptr) return make_hard_link(parent, leaf, target);
    const mode_t type = archive_entry_filetype(entry);
    if (type == AE_IFDIR) {
      if (mkdirat(parent, leaf.c_str(), 0755) != 0 && !is_directory(parent, leaf)) {
        TRY_VOID(remove_old(parent, leaf));
        if (mkdirat(parent, leaf.c_str(), 0755) != 0) return fail(errno_error("make directory " + leaf, errno));
      }
      return set_attributes(parent, leaf, entry);
    }
    if (type == AE_IFCHR || type == AE_IFBLK) return {};
    TRY_VOID(remove_old(parent, leaf));
    if (type == AE_IFREG) {
      TRY_VOID(write_file(tar, parent, leaf));
    } else if (type == AE_IFLNK) {
      if (symlinkat(archive_entry_symlink(entry), parent, leaf.c_str()) != 0) return fail(errno_error("make link " + leaf, errno));
    } else if (type == AE_IFIFO) {
      if (mkfifoat(parent, leaf.c_str(), 0600) != 0) return fail(errno_error("make fifo " + leaf, errno));
    } else {
      return {};  // sockets mean nothing in an image
    }
    return set_attributes(parent, leaf, entry);
  }

  static bool is_directory(int parent, const std::string& leaf) {
    struct stat found{};
    return fstatat(parent, leaf.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(found.st_mode);
  }

  Result<void> remove_old(int parent, const std::string& leaf) {
    if (unlinkat(parent, leaf.c_str(), 0) == 0 || errno == ENOENT) return {};
    if (errno == EISDIR && unlinkat(parent, leaf.c_str(), AT_REMOVEDIR) == 0) return {};
    return fail(errno_error("replace " + leaf, errno));
  }

  Result<void> make_hard_link(int parent, const std::string& leaf, std::string_view target) {
    TRY(std::vector<std::string> parts, split_path(target));
    if (parts.empty()) return fail(Reason::kInvalid, "layer has a hard link to nothing");
    const std::string target_leaf = parts.back();
    parts.pop_back();
    TRY(os::Descriptor target_parent, open_directory(parts, false));
    TRY_VOID(remove_old(parent, leaf));
    if (linkat(target_parent.get(), target_leaf.c_str(), parent, leaf.c_str(), 0) == 0) return {};
    return fail(errno_error("link " + leaf + " to " + std::string(target), errno));
  }

  Result<void> write_file(archive* tar, int parent, const std::string& leaf) {
    os::Descriptor file(openat(parent, leaf.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) return fail(errno_error("make file " + leaf, errno));
    const void* block = nullptr;
    size_t size = 0;
    la_int64_t offset = 0, end = 0;
    while (true) {
      const int code = archive_read_data_block(tar, &block, &size, &offset);
      if (code == ARCHIVE_EOF) break;
      if (code < ARCHIVE_WARN) return fail(archive_error(tar, "read " + leaf));
      bytes_ += static_cast<int64_t>(size);
      end = std::max<la_int64_t>(end, offset + static_cast<la_int64_t>(size));
      if (end > limits_.bytes_max) return fail(Reason::kInvalid, leaf + " is larger than " + std::to_string(limits_.bytes_max) + " bytes");
      TRY_VOID(write_at(file.get(), static_cast<const char*>(block), size, offset, leaf));
    }
    if (ftruncate(file.get(), end) != 0) return fail(errno_error("write " + leaf, errno));  // a hole at the end
    crash_point("unpacked", leaf);
    return {};
  }

  static Result<void> write_at(int file, const char* data, size_t size, la_int64_t offset, const std::string& leaf) {
    while (size > 0) {
      const ssize_t written = pwrite(file, data, size, offset);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return fail(errno_error("write " + leaf, errno));
      data += written;
      size -= static_cast<size_t>(written);
      offset += written;
    }
    return {};
  }

  // Owner before mode: chown clears the set-uid bit.
  Result<void> set_attributes(int parent, const std::string& leaf, archive_entry* entry) {
    const auto uid = static_cast<uid_t>(archive_entry_uid(entry));
    const auto gid = static_cast<gid_t>(archive_entry_gid(entry));
    if (fchownat(parent, leaf.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW) != 0) return fail(errno_error("set owner of " + leaf, errno));
    if (archive_entry_filetype(entry) != AE_IFLNK) {
      if (fchmodat(parent, leaf.c_str(), archive_entry_perm(entry), 0) != 0) return fail(errno_error("set mode of " + leaf, errno));
      TRY_VOID(set_xattrs(parent, leaf, entry));
    }
    const timespec times[2] = {{0, UTIME_OMIT}, {archive_entry_mtime(entry), archive_entry_mtime_nsec(entry)}};
    if (utimensat(parent, leaf.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) return fail(errno_error("set time of " + leaf, errno));
    return {};
  }

  Result<void> set_xattrs(int parent, const std::string& leaf, archive_entry* entry) {
    if (archive_entry_xattr_reset(entry) == 0) return {};
    os::Descriptor file(openat(parent, leaf.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!file) return fail(errno_error("open " + leaf, errno));
    const char* name = nullptr;
    const void* value = nullptr;
    size_t size = 0;
    while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
      // Capabilities and user attributes only: a layer must not speak to overlayfs (trusted.*).
      const std::string_view key = name;
      if (key != "security.capability" && !key.starts_with("user.")) continue;
      if (fsetxattr(file.get(), name, value, size, 0) != 0 && errno != ENOTSUP) return fail(errno_error("set attribute of " + leaf, errno));
    }
    return {};
  }

  os::Descriptor root_;
  LayerLimits limits_;
  int64_t bytes_ = 0;
  int64_t entries_ = 0;
};

Result<void> unpack_entries(Source& source, archive* tar, Unpacker& unpacker) {
  archive_entry* entry = nullptr;
  while (true) {
    const int code = archive_read_next_header(tar, &entry);
    if (code == ARCHIVE_EOF) break;
    if (code < ARCHIVE_WARN) return fail(archive_error(tar, "read layer"));
    TRY_VOID(unpacker.add(tar, entry));
  }
  // The digest covers what follows the end mark as well.
  const void* rest = nullptr;
  la_ssize_t size = 0;
  while ((size = Source::read(tar, &source, &rest)) > 0) {
  }
  if (size < 0) return fail(archive_error(tar, "read layer"));
  return {};
}

}  // namespace

Result<UnpackedLayer> unpack_layer(const std::string& archive_path, const std::string& directory, LayerLimits limits) {
  Source source;
  source.bytes_max = limits.bytes_max;
  source.reader.reset(archive_read_new());
  support_filters(source.reader.get());
  archive_read_support_format_raw(source.reader.get());
  archive_entry* entry = nullptr;
  if (archive_read_open_filename(source.reader.get(), archive_path.c_str(), kBlockBytes) != ARCHIVE_OK ||
      archive_read_next_header(source.reader.get(), &entry) != ARCHIVE_OK) {
    return fail(archive_error(source.reader.get(), "open layer"));
  }
  Reader tar(archive_read_new());
  archive_read_support_format_tar(tar.get());
  archive_read_support_format_empty(tar.get());
  if (archive_read_open(tar.get(), &source, nullptr, &Source::read, nullptr) != ARCHIVE_OK)
    return fail(archive_error(tar.get(), "read layer"));
  os::Descriptor root(open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return fail(errno_error("open " + directory, errno));
  Unpacker unpacker(std::move(root), limits);
  auto unpacked = unpack_entries(source, tar.get(), unpacker);
  // Whatever the library made of the end that came too early.
  if (source.bytes > limits.bytes_max) return fail(Reason::kInvalid, "layer is larger than " + std::to_string(limits.bytes_max) + " bytes");
  if (!unpacked) return fail(unpacked.error());
  return UnpackedLayer{source.hash.digest(), unpacker.bytes()};
}

}  // namespace stint
