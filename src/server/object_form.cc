#include "server/object_form.h"

#include "api/codec.h"
#include "api/table.h"

namespace stint {
namespace {

std::string partial_json(const Message& object, std::string_view meta_version) {
  std::string out;
  append_partial_metadata(object, meta_version, out);
  return out;
}

std::string partial_envelope(const Message& object, std::string_view api_version) {
  metav1::PartialObjectMetadata partial;
  *partial.mutable_metadata() = meta(object);
  return encode_envelope(api_version, "PartialObjectMetadata", partial);
}

}  // namespace

std::string encode_as(const Kind& kind, const Message& object, Form form) {
  const std::string api_version = kind.api_version();
  switch (form) {
    case Form::kJson:
      return json::encode(object, {.api_version = api_version, .kind = kind.kind});
    case Form::kProtobuf:
      return encode_envelope(api_version, kind.kind, object);
    case Form::kPartialJson:
      return partial_json(object, "v1");
    case Form::kPartialJsonBeta:
      return partial_json(object, "v1beta1");
    case Form::kPartialProtobuf:
      return partial_envelope(object, "meta.k8s.io/v1");
    case Form::kPartialProtobufBeta:
      return partial_envelope(object, "meta.k8s.io/v1beta1");
  }
  return {};
}

}  // namespace stint
