// Protobuf bodies (`k8s\0` and runtime.Unknown): what is read survives its stored form, and can be shown as JSON that is read again.
#include "api/codec.h"
#include "fuzz.h"

namespace stint::fuzz {
namespace {

void expect_readable_json(const Kind& kind, const Message& message) {
  const Result<json::Value> document = json::parse(json::encode(message));
  expect(document.has_value(), kind.kind);
  const std::unique_ptr<Message> read = kind.make();
  // Protobuf carries what JSON cannot say, such as the year 10000; upstream refuses to read its own answer then, as we do.
  if (!json::decode(*document, *read)) return;
  const std::string text = json::encode(*read);
  const std::unique_ptr<Message> again = kind.make();
  expect(json::decode(*json::parse(text), *again).has_value(), text);
  expect_equal(json::encode(*again), text);
}

}  // namespace

void run(std::string_view input) {
  const Result<Envelope> envelope = decode_envelope(input);
  if (!envelope) return;
  const Kind& kind = kind_named(envelope->kind);
  const std::unique_ptr<Message> prototype = kind.make();
  const Result<DecodedBody> body = decode_body(BodyFormat::kProtobuf, input, *prototype, envelope->kind, kind.api_version());
  if (!body) return;
  const std::string bytes = encode_envelope(body->api_version, body->kind, *body->message);
  const Result<DecodedBody> again = decode_body(BodyFormat::kProtobuf, bytes, *prototype, envelope->kind, kind.api_version());
  expect(again.has_value(), bytes);
  expect_equal(again->api_version, body->api_version);
  expect_equal(encode_envelope(again->api_version, again->kind, *again->message), bytes);
  expect_readable_json(kind, *body->message);
  expect(decode_stored(kind, bytes).has_value(), bytes);
}

}  // namespace stint::fuzz
