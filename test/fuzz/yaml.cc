// YAML documents: what is read can be printed, and read again as the same.
#include "api/json.h"
#include "fuzz.h"

void stint::fuzz::run(std::string_view input) {
  std::vector<std::string> duplicates;
  const Result<json::Value> value = json::parse_yaml(input, &duplicates);
  if (!value) return;
  expect(duplicates.size() <= json::kStrictErrorsMax);
  const std::string text = json::to_yaml(*value);
  const Result<json::Value> again = json::parse_yaml(text);
  expect(again && *again == *value, text);
  const Result<json::Value> from_json = json::parse_yaml(json::to_text(*value));
  expect(from_json && *from_json == *value, json::to_text(*value));
}
