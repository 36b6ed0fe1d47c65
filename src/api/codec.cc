#include "api/codec.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>

#include "api/embedded_json.h"
#include "api/field_managers.h"
#include "api/foreign_type.h"
#include "api/go_quote.h"
#include "api/kind.h"
#include "api/wire_rules.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace stint {
namespace {

using google::protobuf::io::CodedOutputStream;

constexpr size_t kWireBytesMax = size_t{1} << 31;  // libprotobuf's own limit

constexpr std::string_view kEnvelopeMagic{"k8s\0", 4};
constexpr uint32_t kRawTag = 2 << 3 | 2;  // of runtime.Unknown, whose fields are all length-delimited

std::string type_meta_bytes(std::string_view api_version, std::string_view kind) {
  runtimev1::TypeMeta type;
  type.set_apiversion(api_version.data(), api_version.size());
  type.set_kind(kind.data(), kind.size());
  return type.SerializeAsString();
}

// The beginning of a body, for the message that refuses it.
std::string summary_of(std::string_view body) {
  constexpr size_t kShownMax = 30;
  constexpr std::string_view kHex = "0123456789abcdef";
  if (body.empty()) return "<empty>";
  std::string shown;
  for (const char c : body.substr(0, kShownMax)) {
    const auto byte = static_cast<unsigned char>(c);
    if (body[0] == '{') {
      shown += c;
    } else {
      shown += {kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return body.size() > kShownMax ? shown + " ..." : shown;
}

// Refuses one body in upstream's words.
struct Refusal {
  std::string_view body;
  TypeName wanted;

  std::unexpected<Error> unrecognized(std::string_view why) const {
    return fail(Reason::kBadRequest, "the object provided is unrecognized (must be of type " + std::string(wanted.kind) +
                                         "): " + std::string(why) + " (" + summary_of(body) + ")");
  }
  std::unexpected<Error> unfit(const DecodedBody& decoded, std::string_view why) const {
    const TypeName said = said_type(decoded);
    return fail(Reason::kBadRequest, std::string(said.kind) + " in version " + go_quoted(said.version()) + " cannot be handled as a " +
                                         std::string(wanted.kind) + ": " + std::string(why));
  }
  TypeName said_type(const DecodedBody& decoded) const {
    return {.api_version = decoded.api_version.empty() ? wanted.api_version : decoded.api_version,
            .kind = decoded.kind.empty() ? wanted.kind : decoded.kind};
  }
  // `document`: null when the body was none.
  Result<void> check_type(const DecodedBody& decoded, const json::Value* document) const {
    const TypeName said = said_type(decoded);
    if (std::ranges::count(said.api_version, '/') > 1) return unrecognized("unexpected GroupVersion string: " + decoded.api_version);
    if (said == wanted) return {};
    if (said.kind == wanted.kind && find_kind_by_name(said.api_version, said.kind) != nullptr) return {};
    return unfit(decoded, foreign_type_fault(said, wanted, document));
  }
};

Result<DecodedBody> decode_document(BodyFormat format, const Message& prototype, const Refusal& refusal) {
  DecodedBody decoded;
  decoded.message.reset(prototype.New());
  const bool is_yaml = format == BodyFormat::kYaml;
  Result<json::Value> document =
      is_yaml ? json::parse_yaml(refusal.body, &decoded.strict_errors) : json::parse(refusal.body, &decoded.strict_errors);
  if (!document) {
    if (document.error().reason == Reason::kRequestEntityTooLarge) return fail(document.error());
    return refusal.unrecognized(is_yaml ? document.error().message
                                        : "couldn't get version/kind; json parse error: " + document.error().message);
  }
  if (document->is_null()) *document = json::Members();
  if (const std::string fault = type_line_fault(*document); !fault.empty()) return refusal.unrecognized(fault);
  decoded.api_version = document->string_at("apiVersion");
  decoded.kind = document->string_at("kind");
  TRY_VOID(refusal.check_type(decoded, &*document));
  if (const Result<void> read = json::decode(*document, *decoded.message, &decoded.strict_errors); !read) {
    return refusal.unfit(decoded, read.error().message);
  }
  if (!is_yaml) json::order_strict_errors(refusal.body, decoded.strict_errors);
  note_cleared_managers(*document, *decoded.message);
  return decoded;
}

Result<DecodedBody> decode_wire(const Message& prototype, const Refusal& refusal) {
  Result<Envelope> envelope = decode_envelope(refusal.body);
  if (!envelope) return refusal.unrecognized(envelope.error().message);
  DecodedBody decoded;
  decoded.message.reset(prototype.New());
  decoded.api_version = std::move(envelope->api_version);
  decoded.kind = std::move(envelope->kind);
  TRY_VOID(refusal.check_type(decoded, nullptr));
  if (!decoded.message->ParseFromString(envelope->raw)) return refusal.unfit(decoded, "proto: the message is malformed");
  decoded.message->DiscardUnknownFields();
  if (const Result<void> applied = apply_wire_rules(*decoded.message); !applied) {
    return refusal.unfit(decoded, applied.error().message);
  }
  return decoded;
}

}  // namespace

std::string envelope_head(std::string_view api_version, std::string_view kind, size_t message_bytes) {
  std::string head(kEnvelopeMagic);
  append_bytes_field(1, type_meta_bytes(api_version, kind), head);
  append_bytes_head(2, message_bytes, head);
  return head;
}

std::string encode_envelope(std::string_view api_version, std::string_view kind, const Message& message) {
  const size_t raw_size = message.ByteSizeLong();
  std::string bytes = envelope_head(api_version, kind, raw_size);
  bytes.reserve(bytes.size() + raw_size + kEnvelopeTail.size());
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    CodedOutputStream out(&stream);
    out.SetSerializationDeterministic(true);  // equal objects are equal bytes
    message.SerializeWithCachedSizes(&out);
  }
  bytes += kEnvelopeTail;
  return bytes;
}

Result<Envelope> decode_envelope(std::string_view bytes) {
  if (!bytes.starts_with(kEnvelopeMagic)) {
    return fail(Reason::kBadRequest, "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  }
  bytes.remove_prefix(kEnvelopeMagic.size());
  runtimev1::Unknown unknown;
  if (bytes.size() >= kWireBytesMax || !unknown.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(Reason::kBadRequest, "proto: the envelope is malformed");
  }
  return Envelope{
      .api_version = unknown.typemeta().apiversion(), .kind = unknown.typemeta().kind(), .raw = std::move(*unknown.mutable_raw())};
}

void append_bytes_head(int number, size_t size, std::string& message) {
  uint8_t head[2 * 5];
  uint8_t* end = CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(number) << 3 | 2, head);
  end = CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(size), end);
  message.append(reinterpret_cast<const char*>(head), static_cast<size_t>(end - head));
}

void append_bytes_field(int number, std::string_view bytes, std::string& message) {
  append_bytes_head(number, bytes.size(), message);
  message += bytes;
}

std::string_view raw_of_envelope(std::string_view bytes) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
  uint32_t size = 0;
  in.Skip(static_cast<int>(kEnvelopeMagic.size()));
  while (const uint32_t tag = in.ReadTag()) {
    if (!in.ReadVarint32(&size)) break;
    if (tag == kRawTag) return bytes.substr(static_cast<size_t>(in.CurrentPosition()), size);
    in.Skip(static_cast<int>(size));
  }
  assert(false && "not an envelope");
  std::abort();
}

Result<std::unique_ptr<Message>> decode_stored(const Kind& kind, std::string_view bytes) {
  TRY(const Envelope envelope, decode_envelope(bytes));
  const Message* prototype = google::protobuf::MessageFactory::generated_factory()->GetPrototype(kind.descriptor());
  std::unique_ptr<Message> message(prototype->New());
  if (!message->ParseFromString(envelope.raw)) {
    return fail(Reason::kInternalError, "stored " + std::string(kind.kind) + " is malformed");
  }
  if (kind.rules != nullptr && kind.rules->set_defaults != nullptr) kind.rules->set_defaults(*message);
  return message;
}

std::string encode_stored(const Kind& kind, const Message& message) {
  const std::string api_version =
      kind.group.empty() ? std::string(kind.version) : std::string(kind.group) + "/" + std::string(kind.version);
  return encode_envelope(api_version, kind.kind, message);
}

Result<DecodedBody> decode_body(BodyFormat format, std::string_view body, const Message& prototype, std::string_view kind,
                                std::string_view api_version) {
  const Refusal refusal{.body = body, .wanted = {.api_version = api_version, .kind = kind}};
  return format == BodyFormat::kProtobuf ? decode_wire(prototype, refusal) : decode_document(format, prototype, refusal);
}

}  // namespace stint
