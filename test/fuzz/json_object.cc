// Objects in JSON, KIND === DOCUMENT: an object that is read survives JSON and its stored form, and defaults add nothing the second time.
#include "api/codec.h"
#include "fuzz.h"

namespace stint::fuzz {
namespace {

std::string reencoded(const Kind& kind, const std::string& text) {
  const Result<json::Value> document = json::parse(text);
  expect(document.has_value(), text);
  const std::unique_ptr<Message> message = kind.make();
  std::vector<std::string> unknown;
  expect(json::decode(*document, *message, &unknown).has_value(), text);
  expect(unknown.empty(), text, unknown.empty() ? "" : unknown[0]);
  return json::encode(*message);
}

std::string with_defaults(const Kind& kind, const Message& message) {
  const Result<std::unique_ptr<Message>> stored = decode_stored(kind, encode_stored(kind, message));
  expect(stored.has_value());
  return json::encode(**stored);
}

}  // namespace

void run(std::string_view input) {
  const auto [name, text] = parts<2>(input);
  const Kind& kind = kind_named(name);
  const std::unique_ptr<Message> prototype = kind.make();
  const Result<DecodedBody> body = decode_body(BodyFormat::kJson, text, *prototype, kind.kind, kind.api_version());
  if (!body) return;
  const std::string encoded = json::encode(*body->message);
  expect_equal(reencoded(kind, encoded), encoded);
  expect_equal(json::to_text(json::to_value(*body->message)), json::to_text(*json::parse(encoded)));
  const std::string defaulted = with_defaults(kind, *body->message);
  expect_equal(reencoded(kind, defaulted), defaulted);
  const std::unique_ptr<Message> again = kind.make();
  expect(json::decode(*json::parse(defaulted), *again).has_value(), defaulted);
  expect_equal(with_defaults(kind, *again), defaulted);
}

}  // namespace stint::fuzz
