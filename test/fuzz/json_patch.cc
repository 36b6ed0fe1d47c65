// JSON patches and merge patches, DOCUMENT === PATCH: what comes of them can be printed and read, and a merge patch applied twice is as
// once.
#include "api/patch.h"
#include "fuzz.h"

namespace stint::fuzz {
namespace {

void expect_readable(const json::Value& value) {
  const std::string text = json::to_text(value);
  const Result<json::Value> again = json::parse(text, nullptr, std::string::npos);
  expect(again && *again == value, text);
}

}  // namespace

void run(std::string_view input) {
  const auto [document_text, patch_text] = parts<2>(input);
  const Result<json::Value> document = json::parse(document_text);
  const Result<json::Value> patch = json::parse(patch_text);
  if (!document || !patch) return;
  if (const Result<json::Value> patched = apply_json_patch(*document, *patch)) expect_readable(*patched);
  const json::Value merged = apply_merge_patch(*document, *patch);
  expect_readable(merged);
  expect(apply_merge_patch(merged, *patch) == merged, json::to_text(merged));
}

}  // namespace stint::fuzz
