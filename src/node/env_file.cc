#include "node/env_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "os/descriptor.h"
#include "os/file.h"

namespace stint {
namespace {

constexpr size_t kFileBytesMax = 1 << 20;

// Lines of a text, counted.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}
  std::optional<std::string_view> next() {
    if (rest_.empty()) return std::nullopt;
    ++number_;
    const size_t end = rest_.find('\n');
    std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }
  int number() const { return number_; }

 private:
  std::string_view rest_;
  int number_ = 0;
};

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view without_lead(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  return text;
}

std::unexpected<Error> malformed(int line, std::string_view what) {
  return fail(Reason::kInvalid, "invalid environment variable format at line " + std::to_string(line) + ": " + std::string(what));
}

// What stands between the quotes, the first of which is gone already.
Result<std::string> quoted(std::string_view line, Lines& lines) {
  const int first = lines.number();
  std::string value;
  size_t end = 0;
  while ((end = line.find('\'')) == std::string_view::npos) {
    value.append(line).append("\n");
    const auto next = lines.next();
    if (!next) return malformed(first, "unclosed single quote");
    line = *next;
  }
  value.append(line.substr(0, end));
  const std::string_view after = without_lead(line.substr(end + 1));
  if (!after.empty() && after.front() != '#') return malformed(lines.number(), "unexpected content after closing quote");
  return value;
}

Result<std::string> read_beneath(const std::string& volume, const std::string& path) {
  TRY(const os::Descriptor root, os::open_path(volume, O_PATH | O_DIRECTORY));
  TRY(const os::Descriptor file, os::open_beneath(root.get(), path, O_RDONLY | O_NONBLOCK));  // a fifo must not hold us up
  struct stat info{};
  if (fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return fail(Reason::kInvalid, path + " is not a regular file");
  return os::read_file("/proc/self/fd/" + std::to_string(file.get()), kFileBytesMax);
}

}  // namespace

Result<std::string> env_file_value(std::string_view text, std::string_view key) {
  Lines lines(text);
  while (const auto next = lines.next()) {
    const std::string_view line = without_lead(*next);
    if (line.empty() || line.front() == '#') continue;
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos) return malformed(lines.number(), "missing '='");
    const std::string_view name = line.substr(0, equals);
    if (name.empty()) return malformed(lines.number(), "empty variable name");
    if (is_blank(name.back())) return malformed(lines.number(), "whitespace before '=' is not allowed");
    const std::string_view value = line.substr(equals + 1);
    if (!value.empty() && is_blank(value.front())) {
      if (name == key) return std::string();
      continue;
    }
    if (!value.starts_with('\'')) return malformed(lines.number(), "value must be enclosed in single quotes");
    TRY(std::string found, quoted(value.substr(1), lines));
    if (name == key) return found;
  }
  return std::string();
}

bool names_env_files(const corev1::Container& container) {
  return std::ranges::any_of(container.env(), [](const corev1::EnvVar& variable) { return variable.valuefrom().has_filekeyref(); });
}

EnvFiles read_env_files(const corev1::Container& container, const PodPaths& paths) {
  EnvFiles files;
  for (const auto& variable : container.env()) {
    if (!variable.valuefrom().has_filekeyref()) continue;
    const auto& ref = variable.valuefrom().filekeyref();
    if (auto text = read_beneath(paths.volume(ref.volumename()), ref.path()))
      files.insert_or_assign({ref.volumename(), ref.path()}, *std::move(text));
  }
  return files;
}

}  // namespace stint
