// The forms in which a whole object leaves the server. Pure; any thread.
#pragma once

#include <string>

#include "api/kind.h"

namespace stint {

enum class Form {
  kJson,      // compact, with kind and apiVersion
  kProtobuf,  // the envelope
  // PartialObjectMetadata of meta.k8s.io/v1, and of v1beta1.
  kPartialJson,
  kPartialProtobuf,
  kPartialJsonBeta,
  kPartialProtobufBeta,
};

std::string encode_as(const Kind& kind, const Message& object, Form form);

}  // namespace stint
