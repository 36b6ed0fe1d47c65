// JSON texts: what is read can be printed, and read again as the same.
#include "api/json.h"

#include "fuzz.h"

void stint::fuzz::run(std::string_view input) {
  std::vector<std::string> duplicates;
  const Result<json::Value> value = json::parse(input, &duplicates);
  if (!value) return;
  expect(duplicates.size() <= json::kStrictErrorsMax);
  const std::string text = json::to_text(*value);
  const Result<json::Value> again = json::parse(text);
  expect(again && *again == *value, text);
  expect_equal(json::to_text(*again), text);
  const Result<json::Value> from_pretty = json::parse(json::to_text(*value, 2));
  expect(from_pretty && *from_pretty == *value, text);
}
