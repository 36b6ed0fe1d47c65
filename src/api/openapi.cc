#include "api/openapi.h"

#include "api/discovery.h"
#include "api/openapi_operations.h"
#include "api/openapi_schema.h"
#include "api/openapi_v2_protobuf.h"

namespace stint {
namespace {

using google::protobuf::Descriptor;

constexpr std::string_view kPatchSchema = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch";
constexpr std::string_view kObjectTypes[] = {"application/json", "application/vnd.kubernetes.protobuf", "application/yaml"};
constexpr std::string_view kWatchType = "application/json;stream=watch";
constexpr std::string_view kPatchTypes[] = {"application/json-patch+json", "application/merge-patch+json",
                                            "application/strategic-merge-patch+json", "application/apply-patch+yaml"};

std::string document_path(GroupVersion gv) {
  return gv.group.empty() ? "api/" + std::string(gv.version) : "apis/" + std::string(gv.group) + "/" + std::string(gv.version);
}

// Another message of the kind's package: its list, or a subresource's kind.
const Descriptor& sibling(const Kind& kind, std::string_view name) {
  const Descriptor* type = kind.descriptor()->file()->FindMessageTypeByName(std::string(name));
  if (type == nullptr) std::abort();  // a row of kinds() that names no message; the tests make every document
  return *type;
}

// What an operation takes and gives.
const Descriptor& object_of(const OpenApiOperation& operation) {
  return operation.type != nullptr ? *operation.type->descriptor() : sibling(*operation.kind, operation.object);
}

json::Value references_of(const OpenApiOperation& operation, SchemaWriter& schemas) {
  const Kind& kind = *operation.kind;
  switch (operation.result) {
    case OpenApiResult::kObject:
      return schemas.reference(object_of(operation));
    case OpenApiResult::kList:
      return schemas.reference(sibling(kind, std::string(kind.kind) + "List"));
    case OpenApiResult::kStatus:
      return schemas.reference(*metav1::Status::descriptor());
    case OpenApiResult::kText:
      break;
  }
  return json::Members{{"type", "string"}};
}

json::Value body_schema(const OpenApiOperation& operation, SchemaWriter& schemas) {
  switch (operation.body) {
    case OpenApiBody::kObject:
      return schemas.reference(object_of(operation));
    case OpenApiBody::kPatch:
      return schemas.reference(kPatchSchema);
    default:
      return schemas.reference(*metav1::DeleteOptions::descriptor());
  }
}

std::vector<std::string_view> result_types(const OpenApiOperation& operation) {
  if (operation.result == OpenApiResult::kText) return {"text/plain"};
  std::vector<std::string_view> types(std::begin(kObjectTypes), std::end(kObjectTypes));
  if (operation.result == OpenApiResult::kList) types.insert(types.begin() + 1, kWatchType);
  return types;
}

std::string_view code_words(int code) {
  switch (code) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    default:
      return "Unauthorized";
  }
}

std::string tag_of(const Kind& kind) {
  std::string_view group = kind.group.empty() ? "core" : kind.group.substr(0, kind.group.find('.'));
  return std::string(group) + "_" + std::string(kind.version);
}

// What both dialects say alike.
json::Members operation_head(const OpenApiOperation& operation) {
  const Kind& kind = *operation.kind;
  const Kind& type = operation.type != nullptr ? *operation.type : kind;
  return {{"tags", json::Array{tag_of(kind)}},
          {"description", operation.description},
          {"operationId", operation.id},
          {"x-kubernetes-action", operation.action},
          {"x-kubernetes-group-version-kind", group_version_kind(type.group, type.version, operation.object)}};
}

json::Array v3_parameters(const OpenApiOperation& operation) {
  json::Array out;
  for (const OpenApiParameter& one : operation.parameters) {
    json::Members parameter{{"name", one.name}, {"in", one.in_path ? "path" : "query"}, {"description", one.description}};
    if (one.in_path) parameter["required"] = true;
    parameter["schema"] = json::Members{{"type", one.type}, {"uniqueItems", true}};
    out.emplace_back(std::move(parameter));
  }
  return out;
}

template <class Types>
json::Members content(const Types& types, const json::Value& schema) {
  json::Members out;
  for (std::string_view type : types) out[type] = json::Members{{"schema", schema}};
  return out;
}

json::Value v3_operation(const OpenApiOperation& operation, SchemaWriter& schemas) {
  json::Members out = operation_head(operation);
  out["parameters"] = v3_parameters(operation);
  if (operation.body != OpenApiBody::kNone) {
    constexpr std::string_view kAny[] = {"*/*"};
    json::Value schema = body_schema(operation, schemas);
    bool is_patch = operation.body == OpenApiBody::kPatch;
    json::Members body{{"content", is_patch ? content(kPatchTypes, schema) : content(kAny, schema)}};
    if (operation.body != OpenApiBody::kDeleteOptions) body["required"] = true;
    out["requestBody"] = std::move(body);
  }
  json::Members responses;
  json::Value result = references_of(operation, schemas);
  for (int code : operation.codes) {
    responses[std::to_string(code)] =
        json::Members{{"description", code_words(code)}, {"content", content(result_types(operation), result)}};
  }
  responses["401"] = json::Members{{"description", code_words(401)}};
  out["responses"] = std::move(responses);
  return out;
}

json::Value v2_operation(const OpenApiOperation& operation, SchemaWriter& schemas) {
  json::Members out = operation_head(operation);
  json::Array parameters;
  json::Array consumes{"*/*"};
  if (operation.body != OpenApiBody::kNone) {
    json::Members body{{"name", "body"}, {"in", "body"}, {"schema", body_schema(operation, schemas)}};
    if (operation.body != OpenApiBody::kDeleteOptions) body["required"] = true;
    parameters.emplace_back(std::move(body));
    if (operation.body == OpenApiBody::kPatch) consumes = json::Array(std::begin(kPatchTypes), std::end(kPatchTypes));
  }
  for (const OpenApiParameter& one : operation.parameters) {
    json::Members parameter{{"name", one.name},
                            {"in", one.in_path ? "path" : "query"},
                            {"description", one.description},
                            {"type", one.type},
                            {"uniqueItems", true}};
    if (one.in_path) parameter["required"] = true;
    parameters.emplace_back(std::move(parameter));
  }
  std::vector<std::string_view> produces = result_types(operation);
  json::Members responses;
  json::Value result = references_of(operation, schemas);
  for (int code : operation.codes) {
    responses[std::to_string(code)] = json::Members{{"description", code_words(code)}, {"schema", result}};
  }
  responses["401"] = json::Members{{"description", code_words(401)}};
  out["consumes"] = std::move(consumes);
  out["produces"] = json::Array(produces.begin(), produces.end());
  out["schemes"] = json::Array{"https"};
  out["parameters"] = std::move(parameters);
  out["responses"] = std::move(responses);
  return out;
}

// The schemas that are objects of their own: kinds, their lists, what their subresources take, and the common ones.
void add_kinds(GroupVersion gv, SchemaWriter& schemas) {
  for (const Kind& kind : kinds()) {
    if (kind.group != gv.group || kind.version != gv.version) continue;
    std::string list = std::string(kind.kind) + "List";
    schemas.add_kind(*kind.descriptor(), gv.group, gv.version, kind.kind);
    if (kind.has_verb("list")) schemas.add_kind(sibling(kind, list), gv.group, gv.version, list);
    for (const Subresource& subresource : kind.subresources) {
      if (const Kind* type = subresource.type) {
        schemas.add_kind(*type->descriptor(), type->group, type->version, type->kind);
        continue;
      }
      if (!connect_parameters(subresource.name).empty()) continue;  // its options are in the query
      schemas.add_kind(sibling(kind, subresource.kind), gv.group, gv.version, subresource.kind);
    }
  }
  for (std::string_view group : {std::string_view(), gv.group}) {
    schemas.add_kind(*metav1::DeleteOptions::descriptor(), group, "v1", "DeleteOptions");
    schemas.add_named(*metav1::WatchEvent::descriptor(), group, "v1", "WatchEvent");
  }
  schemas.add_kind(*metav1::Status::descriptor(), "", "v1", "Status");
  schemas.add(std::string(kPatchSchema),
              json::Members{{"description", "A patch in the form that its Content-Type names."}, {"type", "object"}});
}

json::Members info(std::string_view version) { return {{"title", "Kubernetes"}, {"version", version}}; }

using WriteOperation = json::Value (*)(const OpenApiOperation&, SchemaWriter&);
void add_paths(GroupVersion gv, WriteOperation write, SchemaWriter& schemas, json::Members& paths) {
  for (const OpenApiOperation& operation : openapi_operations(gv.group, gv.version)) {
    json::Value& path = paths[operation.path];
    if (path.is_null()) path = json::Members{};
    path.as_object()[operation.method] = write(operation, schemas);
  }
}

std::string v3_text(GroupVersion gv, std::string_view version, const Descriptions& descriptions) {
  SchemaWriter schemas(OpenApiDialect::kV3, descriptions);
  json::Members paths;
  add_kinds(gv, schemas);
  add_paths(gv, v3_operation, schemas, paths);
  json::Value bearer = json::Members{{"type", "apiKey"}, {"description", "Bearer token"}, {"name", "authorization"}, {"in", "header"}};
  json::Members components{{"schemas", schemas.schemas()}, {"securitySchemes", json::Members{{"BearerToken", bearer}}}};
  return json::to_text(
      json::Members{{"openapi", "3.0.0"}, {"info", info(version)}, {"paths", std::move(paths)}, {"components", std::move(components)}});
}

json::Value v2_document(std::string_view version, const Descriptions& descriptions) {
  SchemaWriter schemas(OpenApiDialect::kV2, descriptions);
  json::Members paths;
  for (GroupVersion gv : served_group_versions()) {
    add_kinds(gv, schemas);
    add_paths(gv, v2_operation, schemas, paths);
  }
  json::Value bearer = json::Members{{"type", "apiKey"}, {"description", "Bearer token"}, {"name", "authorization"}, {"in", "header"}};
  return json::Members{{"swagger", "2.0"},
                       {"info", info(version)},
                       {"paths", std::move(paths)},
                       {"definitions", schemas.schemas()},
                       {"securityDefinitions", json::Members{{"BearerToken", bearer}}},
                       {"security", json::Array{json::Members{{"BearerToken", json::Array{}}}}}};
}

}  // namespace

std::vector<std::string> openapi_v3_paths() {
  std::vector<std::string> paths;
  for (GroupVersion gv : served_group_versions()) paths.push_back(document_path(gv));
  return paths;
}

OpenApiDocuments make_openapi_documents(std::string_view version) {
  Descriptions descriptions = read_descriptions();
  OpenApiDocuments documents;
  for (GroupVersion gv : served_group_versions()) documents.v3.emplace_back(document_path(gv), v3_text(gv, version, descriptions));
  json::Value v2 = v2_document(version, descriptions);
  documents.v2 = json::to_text(v2);
  documents.v2_protobuf = openapi_v2_protobuf(v2);
  return documents;
}

}  // namespace stint
