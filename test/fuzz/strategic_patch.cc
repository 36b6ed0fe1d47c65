// Strategic merge patches, KIND === OBJECT === PATCH: an empty patch changes nothing, and what comes of any other can be printed and read.
#include "api/patch.h"
#include "fuzz.h"

void stint::fuzz::run(std::string_view input) {
  const auto [name, object_text, patch_text] = parts<3>(input);
  const Kind& kind = kind_named(name);
  const Result<json::Value> object = json::parse(object_text);
  const Result<json::Value> patch = json::parse(patch_text);
  if (!object || !patch) return;
  const std::unique_ptr<Message> message = kind.make();
  if (!json::decode(*object, *message)) return;
  const json::Value document = json::to_value(*message, {kind.version, kind.kind});
  const Result<json::Value> untouched = apply_strategic_patch(document, json::Members(), *kind.descriptor());
  expect(untouched && *untouched == document, json::to_text(document));
  const Result<json::Value> patched = apply_strategic_patch(document, *patch, *kind.descriptor());
  if (!patched) return;
  const std::string text = json::to_text(*patched);
  const Result<json::Value> again = json::parse(text);
  expect(again && *again == *patched, text);
  (void)json::decode(*patched, *message);  // any answer, but an answer
}
