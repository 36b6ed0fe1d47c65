#include "api/podsecurity/policy.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "api/field_path.h"

namespace stint::podsecurity {
namespace {

constexpr std::string_view kPrefix = "pod-security.kubernetes.io/";
constexpr std::array<std::string_view, 3> kLevels = {"privileged", "baseline", "restricted"};

using Labels = google::protobuf::Map<std::string, std::string>;

void refuse(const std::string& label, const std::string& value, std::string_view why, FieldErrors& errors) {
  errors.invalid("metadata.labels[" + label + "]", quote(value), why);
}

enum class Read { kAbsent, kRead, kBad };

Read read_level(const Labels& labels, std::string_view mode, Level otherwise, Level& level, FieldErrors& errors) {
  const std::string label = std::string(kPrefix) + std::string(mode);
  const auto found = labels.find(label);
  if (found == labels.end()) return Read::kAbsent;
  const auto named = std::ranges::find(kLevels, found->second);
  if (named != kLevels.end()) {
    level = static_cast<Level>(named - kLevels.begin());
    return Read::kRead;
  }
  level = otherwise;
  refuse(label, found->second, "must be one of privileged, baseline, restricted", errors);
  return Read::kBad;
}

bool parse_version(std::string_view text, Version& version) {
  version = {};
  if (text == "latest") return true;
  if (!text.starts_with("v1.")) return false;
  text.remove_prefix(3);
  if (text.empty() || text[0] < '0' || text[0] > '9' || (text.size() > 1 && text[0] == '0')) return false;
  int64_t minor = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), minor);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  version = {.latest = false, .minor = minor};
  return true;
}

bool read_version(const Labels& labels, std::string_view mode, Version& version, FieldErrors& errors) {
  const std::string label = std::string(kPrefix) + std::string(mode) + "-version";
  const auto found = labels.find(label);
  if (found == labels.end()) return false;
  if (!parse_version(found->second, version)) refuse(label, found->second, R"(must be "latest" or "v1.x")", errors);
  return true;
}

}  // namespace

std::string to_text(const LevelVersion& asked) {
  std::string text(kLevels[static_cast<size_t>(asked.level)]);
  return text + (asked.version.latest ? ":latest" : ":v1." + std::to_string(asked.version.minor));
}

Policy read_policy(const Labels& labels, FieldErrors& errors) {
  Policy policy;
  if (labels.empty()) return policy;
  const Read enforce = read_level(labels, "enforce", Level::kRestricted, policy.enforce.level, errors);
  read_version(labels, "enforce", policy.enforce.version, errors);
  read_level(labels, "audit", Level::kPrivileged, policy.audit.level, errors);
  read_version(labels, "audit", policy.audit.version, errors);
  const Read warn = read_level(labels, "warn", Level::kPrivileged, policy.warn.level, errors);
  const bool has_warn_version = read_version(labels, "warn", policy.warn.version, errors);
  if (warn == Read::kAbsent && enforce == Read::kRead && policy.enforce.level > policy.warn.level) {
    policy.warn.level = policy.enforce.level;
    if (!has_warn_version) policy.warn.version = policy.enforce.version;
  }
  return policy;
}

}  // namespace stint::podsecurity
