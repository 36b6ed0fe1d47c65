// Quantities ("100m", "1.5Gi") in exact arithmetic. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/types.h"

namespace stint {

// Upstream's words for a text that is none.
inline constexpr std::string_view kQuantityError =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

// Canonical form as upstream prints it ("1000m" → "1", "1024Ki" → "1Mi"); nothing when it is no quantity.
std::optional<std::string> canonical_quantity(std::string_view text);
// Rounded up to whole units / thousandths, saturating at int64; nothing when it is no quantity.
std::optional<int64_t> quantity_value(std::string_view text);
std::optional<int64_t> quantity_milli_value(std::string_view text);
inline std::optional<int64_t> quantity_value(const resource::Quantity& q) { return quantity_value(q.string()); }
inline std::optional<int64_t> quantity_milli_value(const resource::Quantity& q) { return quantity_milli_value(q.string()); }
// Negative, zero, positive.
int compare_quantities(std::string_view a, std::string_view b);
// Canonical; in the form of the first, or of the second if the first is zero. What is no quantity counts as zero.
std::string add_quantities(std::string_view a, std::string_view b);
std::string subtract_quantities(std::string_view a, std::string_view b);
std::string milli_quantity(int64_t milli);  // 1500 → "1500m", 2000 → "2"
std::string bytes_quantity(int64_t bytes);  // 1048576 → "1Mi"

}  // namespace stint
