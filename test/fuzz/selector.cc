// Selectors, KIND === SELECTOR: a label selector is printed so that it reads the same; a field selector finds its object.
#include "api/selector.h"

#include "fuzz.h"

namespace stint::fuzz {
namespace {

void run_labels(std::string_view text) {
  const Result<LabelSelector> selector = LabelSelector::parse(text);
  if (!selector) return;
  const std::string printed = selector->to_string();
  const Result<LabelSelector> again = LabelSelector::parse(printed);
  expect(again.has_value(), text, printed);
  expect_equal(again->to_string(), printed);
  LabelSelector::Labels labels;
  expect(selector->matches(labels) == again->matches(labels), printed);
  labels["a"] = "1";
  labels["b"] = "x";
  expect(selector->matches(labels) == again->matches(labels), printed);
}

}  // namespace

void run(std::string_view input) {
  const auto [name, text] = parts<2>(input);
  run_labels(text);
  const Kind& kind = kind_named(name);
  const Result<FieldSelector> selector = FieldSelector::parse(text, kind);
  if (!selector) return;
  const std::unique_ptr<Message> object = kind.make();
  (void)selector->matches(*object);
  if (!selector->empty()) return;
  expect(selector->matches(*object) && selector->name().empty(), text);
}

}  // namespace stint::fuzz
