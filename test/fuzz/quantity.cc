// Quantities, ONE === OTHER: the canonical form is a fixed point of the same amount, and comparing agrees with rounding.
#include "api/quantity.h"

#include "fuzz.h"

void stint::fuzz::run(std::string_view input) {
  const auto [one, other] = parts<2>(input);
  const std::optional<std::string> canonical = canonical_quantity(one);
  expect(canonical.has_value() == quantity_value(one).has_value(), one);
  expect(canonical.has_value() == quantity_milli_value(one).has_value(), one);
  if (!canonical) return;
  expect(canonical_quantity(*canonical) == canonical, one, *canonical);
  expect(compare_quantities(one, *canonical) == 0, one, *canonical);
  expect(quantity_value(*canonical) == quantity_value(one), one, *canonical);
  expect(quantity_milli_value(*canonical) == quantity_milli_value(one), one, *canonical);
  if (!canonical_quantity(other)) return;
  const int order = compare_quantities(one, other);
  expect((order < 0) == (compare_quantities(other, one) > 0) && (order == 0) == (compare_quantities(other, one) == 0), one, other);
  if (order <= 0) expect(*quantity_milli_value(one) <= *quantity_milli_value(other), one, other);
}
