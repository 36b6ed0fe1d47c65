// The operations of OpenAPI: what may be done at each path of a kind, free of the dialect's spelling. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/kind.h"

namespace stint {

struct OpenApiParameter {
  std::string_view name;
  std::string_view type;  // "string", "integer", "boolean"
  std::string_view description;
  bool in_path = false;
};

enum class OpenApiBody { kNone, kObject, kPatch, kDeleteOptions };
enum class OpenApiResult { kObject, kList, kStatus, kText };

struct OpenApiOperation {
  std::string path;
  std::string_view method;  // "get" …
  std::string_view action;  // x-kubernetes-action
  std::string id;           // "createBatchV1NamespacedJob"
  std::string description;
  const Kind* kind = nullptr;
  const Kind* type = nullptr;  // of a subresource that takes and gives another group's
  std::string_view object;     // the kind read or written here: the kind's own, or of a subresource ("Binding")
  OpenApiBody body = OpenApiBody::kNone;
  OpenApiResult result = OpenApiResult::kObject;
  std::vector<OpenApiParameter> parameters;
  std::vector<int> codes;
};

// What the query of a subresource names that is connected to by streams; empty for every other one.
std::span<const OpenApiParameter> connect_parameters(std::string_view subresource);

// Of all kinds of a group version, paths in the order in which a document shows them.
std::vector<OpenApiOperation> openapi_operations(std::string_view group, std::string_view version);

}  // namespace stint
