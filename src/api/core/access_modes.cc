#include "api/core/access_modes.h"

#include <algorithm>

namespace stint::core {

std::string access_modes_text(const AccessModes& modes) {
  struct Short {
    std::string_view mode, text;
  };
  static constexpr Short kShorts[] = {
      {"ReadWriteOnce", "RWO"}, {"ReadOnlyMany", "ROX"}, {"ReadWriteMany", "RWX"}, {"ReadWriteOncePod", "RWOP"}};
  std::string text;
  for (const Short& one : kShorts) {
    if (std::ranges::find(modes, one.mode) == modes.end()) continue;
    if (!text.empty()) text += ',';
    text += one.text;
  }
  return text;
}

}  // namespace stint::core
