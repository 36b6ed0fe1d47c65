#include "api/names.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <utility>

namespace stint {
namespace {

constexpr size_t kAnnotationsBytesMax = 256 * 1024;
constexpr size_t kPortNameBytesMax = 15;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }
bool is_alphanumeric(char c) { return is_letter(c) || is_digit(c); }
bool is_lower_alphanumeric(char c) { return is_lower(c) || is_digit(c); }

// Upstream counts bytes in both, and calls them so in some places only.
std::string at_most(size_t characters) { return "must be no more than " + std::to_string(characters) + " characters"; }
std::string at_most_bytes(size_t bytes) { return "must be no more than " + std::to_string(bytes) + " bytes"; }

constexpr std::string_view kDnsLabelRegex = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
constexpr std::string_view kDnsSubdomainRegex = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
constexpr std::string_view kDnsSearchRegex = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*";
constexpr std::string_view kLabelKeyRegex = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
constexpr std::string_view kLabelKeyRule =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

bool is_dns_label(std::string_view text) {
  if (text.empty() || !is_lower_alphanumeric(text.front()) || !is_lower_alphanumeric(text.back())) return false;
  return std::ranges::all_of(text, [](char c) { return is_lower_alphanumeric(c) || c == '-'; });
}

bool is_dns_subdomain(std::string_view text) {
  for (size_t dot; (dot = text.find('.')) != text.npos; text.remove_prefix(dot + 1)) {
    if (!is_dns_label(text.substr(0, dot))) return false;
  }
  return is_dns_label(text);
}

bool is_dns_search_label(std::string_view text) {
  if (text.starts_with('_')) text.remove_prefix(1);
  if (text.empty() || !is_lower_alphanumeric(text.front()) || !is_lower_alphanumeric(text.back())) return false;
  return std::ranges::all_of(text, [](char c) { return is_lower_alphanumeric(c) || c == '-' || c == '_'; });
}

bool is_dns_search(std::string_view text) {
  for (size_t dot; (dot = text.find('.')) != text.npos; text.remove_prefix(dot + 1)) {
    if (!is_dns_search_label(text.substr(0, dot))) return false;
  }
  return is_dns_search_label(text);
}

std::string label_key_fault() { return regex_fault(kLabelKeyRule, kLabelKeyRegex, {"MyName", "my.name", "123-abc"}); }

bool is_label_word(std::string_view text) {
  if (text.empty() || !is_alphanumeric(text.front()) || !is_alphanumeric(text.back())) return false;
  return std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

Faults key_of_files_faults(std::string_view text) {
  Faults faults;
  if (text == ".") {
    faults.push_back("must not be '.'");
  } else if (text == "..") {
    faults.push_back("must not be '..'");
  } else if (text.starts_with("..")) {
    faults.push_back("must not start with '..'");
  }
  return faults;
}

}  // namespace

Faults dns_label_faults(std::string_view text) {
  Faults faults;
  if (text.size() > kDnsLabelBytesMax) faults.push_back(at_most(kDnsLabelBytesMax));
  if (is_dns_label(text)) return faults;
  if (is_dns_subdomain(text)) {
    faults.push_back("must not contain dots");
  } else {
    faults.push_back(
        regex_fault("a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
                    "alphanumeric character",
                    kDnsLabelRegex, {"my-name", "123-abc"}));
  }
  return faults;
}

Faults dns_subdomain_faults(std::string_view text) {
  Faults faults;
  if (text.size() > kDnsSubdomainBytesMax) faults.push_back(at_most(kDnsSubdomainBytesMax));
  if (!is_dns_subdomain(text)) {
    faults.push_back(
        regex_fault("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end "
                    "with an alphanumeric character",
                    kDnsSubdomainRegex, {"example.com"}));
  }
  return faults;
}

Faults dns_search_faults(std::string_view text) {
  Faults faults;
  if (text.size() > kDnsSubdomainBytesMax) faults.push_back(at_most(kDnsSubdomainBytesMax));
  if (!is_dns_search(text)) {
    faults.push_back(
        regex_fault("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start "
                    "and end with an alphanumeric character",
                    kDnsSearchRegex, {"example.com"}));
  }
  return faults;
}

Faults qualified_name_faults(std::string_view text) {
  Faults faults;
  std::string_view name = text;
  if (size_t slash = text.find('/'); slash != text.npos) {
    std::string_view prefix = text.substr(0, slash);
    name = text.substr(slash + 1);
    if (name.find('/') != name.npos) {
      return {"a valid label key " + label_key_fault() + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"};
    }
    if (prefix.empty()) faults.push_back("prefix part must be non-empty");
    if (prefix.size() > kDnsSubdomainBytesMax) faults.push_back("prefix part " + at_most_bytes(kDnsSubdomainBytesMax));
    if (!prefix.empty() && !is_dns_subdomain(prefix)) faults.push_back("prefix part " + dns_subdomain_faults(prefix).back());
  }
  if (name.empty()) {
    faults.push_back("name part must be non-empty");
  } else if (name.size() > kLabelValueBytesMax) {
    faults.push_back("name part " + at_most_bytes(kLabelValueBytesMax));
  }
  if (!is_label_word(name)) faults.push_back("name part " + label_key_fault());
  return faults;
}

Faults label_value_faults(std::string_view text) {
  Faults faults;
  if (text.size() > kLabelValueBytesMax) faults.push_back(at_most_bytes(kLabelValueBytesMax));
  if (!text.empty() && !is_label_word(text)) {
    faults.push_back(
        regex_fault("a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
                    "start and end with an alphanumeric character",
                    "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?", {"MyValue", "my_value", "12345"}));
  }
  return faults;
}

Faults config_key_faults(std::string_view text) {
  Faults faults;
  if (text.size() > kDnsSubdomainBytesMax) faults.push_back(at_most(kDnsSubdomainBytesMax));
  bool fits = std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
  if (text.empty() || !fits) {
    faults.push_back(regex_fault("a valid config key must consist of alphanumeric characters, '-', '_' or '.'", "[-._a-zA-Z0-9]+",
                                 {"key.name", "KEY_NAME", "key-name"}));
  }
  for (std::string& fault : key_of_files_faults(text)) faults.push_back(std::move(fault));
  return faults;
}

Faults env_name_faults(std::string_view text) {
  if (text.empty()) return {"environment variable name must be non-empty"};
  bool fits = std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f && c != '='; });
  if (fits) return {};
  return {"a valid environment variable name must consist only of printable ASCII characters other than '='"};
}

Faults port_name_faults(std::string_view text) {
  Faults faults;
  if (text.size() > kPortNameBytesMax) faults.push_back(at_most(kPortNameBytesMax));
  if (text.empty() || !std::ranges::all_of(text, [](char c) { return is_lower_alphanumeric(c) || c == '-'; })) {
    faults.push_back("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  }
  if (!std::ranges::any_of(text, is_lower)) faults.push_back("must contain at least one letter (a-z)");
  if (text.find("--") != text.npos) faults.push_back("must not contain consecutive hyphens");
  if (text.starts_with('-') || text.ends_with('-')) faults.push_back("must not begin or end with a hyphen");
  return faults;
}

Faults port_number_faults(int64_t port) {
  if (port >= 1 && port <= 65535) return {};
  return {"must be between 1 and 65535, inclusive"};
}

Faults http_header_name_faults(std::string_view text) {
  if (!text.empty() && std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '-'; })) return {};
  return {regex_fault("a valid HTTP header must consist of alphanumeric characters or '-'", "[-A-Za-z0-9]+", {"X-Header-Name"})};
}

Faults id_faults(int64_t uid_or_gid) {
  if (uid_or_gid >= 0 && uid_or_gid <= INT32_MAX) return {};
  return {"must be between 0 and 2147483647, inclusive"};
}

Faults ip_faults(std::string_view text) {
  std::string copy(text);
  std::array<unsigned char, 16> bytes;
  if (inet_pton(AF_INET, copy.c_str(), bytes.data()) == 1 || inet_pton(AF_INET6, copy.c_str(), bytes.data()) == 1) return {};
  return {"must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"};
}

Faults cidr_faults(std::string_view text) {
  const size_t slash = text.find('/');
  const std::string_view address = text.substr(0, slash);
  int bits = 0;
  const bool has_bits =
      slash != text.npos && slash + 1 < text.size() && text.size() - slash <= 4 &&
      std::ranges::all_of(text.substr(slash + 1), [&](char c) { return is_digit(c) && (bits = bits * 10 + (c - '0'), true); });
  if (has_bits && ip_faults(address).empty() && bits <= (address.find(':') == address.npos ? 32 : 128)) return {};
  return {"must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"};
}

std::string regex_fault(std::string_view rule, std::string_view regex, std::initializer_list<std::string_view> examples) {
  std::string text(rule);
  text += " (";
  for (bool first = true; std::string_view example : examples) {
    text += std::exchange(first, false) ? "e.g. '" : " or '";
    text.append(example).append("', ");
  }
  return text.append("regex used for validation is '").append(regex).append("')");
}

std::string listed(const Faults& faults) {
  std::string text;
  for (const std::string& fault : faults) text += (text.empty() ? "" : " ") + fault;
  return "[" + text + "]";
}

bool is_known_finalizer(std::string_view finalizer) {
  return finalizer.find('/') != finalizer.npos || finalizer == "kubernetes" || finalizer == "orphan" || finalizer == "foregroundDeletion";
}

std::string without_trailing_dash(std::string_view prefix) {
  std::string text(prefix);
  if (text.size() > 1 && text.back() == '-') text.back() = 'a';
  return text;
}

void add_faults(const Faults& faults, const FieldPath& field, std::string_view shown_value, FieldErrors& errors) {
  for (const std::string& fault : faults) errors.invalid(field, shown_value, fault);
}

void name_is_dns_label(std::string_view name, bool is_prefix, FieldErrors& errors, std::string_view field) {
  add_faults(dns_label_faults(is_prefix ? without_trailing_dash(name) : std::string(name)), FieldPath(field), quote(name), errors);
}

void name_is_dns_subdomain(std::string_view name, bool is_prefix, FieldErrors& errors, std::string_view field) {
  add_faults(dns_subdomain_faults(is_prefix ? without_trailing_dash(name) : std::string(name)), FieldPath(field), quote(name), errors);
}

void validate_labels(const StringMap& labels, const FieldPath& field, FieldErrors& errors) {
  for (const auto& [key, value] : labels) {
    add_faults(qualified_name_faults(key), field, quote(key), errors);
    add_faults(label_value_faults(value), field, quote(value), errors);
  }
}

void validate_annotations(const StringMap& annotations, const FieldPath& field, FieldErrors& errors) {
  size_t bytes = 0;
  for (const auto& [key, value] : annotations) {
    bytes += key.size() + value.size();
    std::string lower = key;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    add_faults(qualified_name_faults(lower), field, quote(key), errors);
  }
  if (bytes > kAnnotationsBytesMax) errors.too_long(field, kAnnotationsBytesMax);
}

void validate_label_selector(const metav1::LabelSelector& selector, const FieldPath& field, FieldErrors& errors) {
  validate_labels(selector.matchlabels(), field / "matchLabels", errors);
  for (int i = 0; i < selector.matchexpressions_size(); ++i) {
    const metav1::LabelSelectorRequirement& one = selector.matchexpressions(i);
    FieldPath path = (field / "matchExpressions").index(i);
    const std::string& op = one.operator_();
    if (op == "In" || op == "NotIn") {
      if (one.values().empty()) errors.required(path / "values", "must be specified when `operator` is 'In' or 'NotIn'");
    } else if (op == "Exists" || op == "DoesNotExist") {
      if (!one.values().empty()) errors.forbidden(path / "values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    } else {
      errors.invalid(path / "operator", quote(op), "not a valid selector operator");
    }
    add_faults(qualified_name_faults(one.key()), path / "key", quote(one.key()), errors);
    for (int v = 0; v < one.values_size(); ++v) {
      add_faults(label_value_faults(one.values(v)), (path / "values").index(v), quote(one.values(v)), errors);
    }
  }
}

}  // namespace stint
