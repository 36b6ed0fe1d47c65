// The query of a request as Kubernetes reads it. A plain value; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace stint::rest {

class Query {
 public:
  Query() = default;
  explicit Query(std::vector<std::pair<std::string, std::string>> pairs) : pairs_(std::move(pairs)) {}

  // The first value; nothing when the parameter is absent.
  std::optional<std::string_view> find(std::string_view name) const;
  std::string text(std::string_view name) const { return std::string(find(name).value_or("")); }
  std::vector<std::string> all(std::string_view name) const;
  // Absent, "0" and any case of "false" are false; everything else, even "", is true.
  bool flag(std::string_view name) const { return optional_flag(name).value_or(false); }
  std::optional<bool> optional_flag(std::string_view name) const;
  // kBadRequest when it is not a decimal int64. Absent and empty: nothing.
  Result<std::optional<int64_t>> integer(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

}  // namespace stint::rest
