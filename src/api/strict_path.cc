#include "api/strict_path.h"

#include <algorithm>

#include "api/go_quote.h"
#include "api/json.h"

namespace stint::json {

void StrictPath::report(std::string_view what, std::string_view member, std::vector<std::string>& errors) const {
  if (errors.size() >= kStrictErrorsMax) return;
  std::string path;
  for (const Step& step : steps_) {
    if (step.kind == Kind::kIndex) {
      path.append("[").append(std::to_string(step.index)).append("]");
    } else if (step.kind == Kind::kKey) {
      if (!path.empty()) path += '.';
      path += step.key;
    }
  }
  if (!path.empty()) path += '.';
  path += member;
  std::string text(what);
  text.append(" ").append(go_quoted(path));
  if (std::ranges::find(errors, text) == errors.end()) errors.push_back(std::move(text));
}

std::string StrictPath::members() const {
  std::string out;
  for (const Step& step : steps_) {
    if (step.kind == Kind::kIndex) continue;
    if (!out.empty()) out += '.';
    out += step.key;
  }
  return out;
}

}  // namespace stint::json
