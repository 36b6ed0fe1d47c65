// The Kubernetes protobuf format and the three body formats in one place. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/json.h"
#include "api/kind.h"

namespace stint {

enum class BodyFormat { kJson, kYaml, kProtobuf };

// "k8s\0" + Unknown{typeMeta, raw}: the storage and the wire format.
std::string encode_envelope(std::string_view api_version, std::string_view kind, const Message& message);
struct Envelope {
  std::string api_version;
  std::string kind;
  std::string raw;
};
Result<Envelope> decode_envelope(std::string_view bytes);  // kBadRequest when broken
// An envelope in parts: the head, so many bytes of a message, and the tail.
std::string envelope_head(std::string_view api_version, std::string_view kind, size_t message_bytes);
inline constexpr std::string_view kEnvelopeTail{"\x1a\0\x22\0", 4};
// Appends a field of bytes or of a message, already encoded, to a protobuf message; or only what stands before those bytes.
void append_bytes_field(int number, std::string_view bytes, std::string& message);
void append_bytes_head(int number, size_t size, std::string& message);
// The message within an envelope that encode_envelope made.
std::string_view raw_of_envelope(std::string_view bytes);

// Stored bytes of `kind` back to a message, with defaults set.
Result<std::unique_ptr<Message>> decode_stored(const Kind& kind, std::string_view bytes);
std::string encode_stored(const Kind& kind, const Message& message);

struct DecodedBody {
  std::string api_version;  // as the body says, may be empty
  std::string kind;
  std::unique_ptr<Message> message;
  std::vector<std::string> strict_errors;  // unknown and duplicate fields
};
// `prototype` gives the class, `kind` and `api_version` what the body should say or leave out. No defaults are set. The same kind in
// another version that is served is read, and the caller refuses it. Errors: kBadRequest with upstream's prefix
// `{Kind} in version "{v}" cannot be handled as a {Kind}: …`.
Result<DecodedBody> decode_body(BodyFormat format, std::string_view body, const Message& prototype, std::string_view kind,
                                std::string_view api_version);

}  // namespace stint
