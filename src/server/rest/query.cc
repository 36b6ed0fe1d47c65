#include "server/rest/query.h"

#include "api/go_number.h"

namespace stint::rest {
namespace {

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((text[i] | 0x20) != lower[i]) return false;
  }
  return true;
}

}  // namespace

std::optional<std::string_view> Query::find(std::string_view name) const {
  for (const auto& [key, value] : pairs_) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::vector<std::string> Query::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : pairs_) {
    if (key == name) values.push_back(value);
  }
  return values;
}

std::optional<bool> Query::optional_flag(std::string_view name) const {
  auto value = find(name);
  if (!value) return std::nullopt;
  return *value != "0" && !equals_ignoring_case(*value, "false");
}

Result<std::optional<int64_t>> Query::integer(std::string_view name) const {
  auto value = find(name);
  if (!value || value->empty()) return std::nullopt;
  TRY(const int64_t number, parse_go_integer<int64_t>(*value));
  return number;
}

}  // namespace stint::rest
