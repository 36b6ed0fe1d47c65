#include "api/openapi_schema.h"

#include "stint/options.pb.h"

namespace stint {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

constexpr std::string_view kGroupVersionKind = "x-kubernetes-group-version-kind";

// Types whose JSON is no object of their fields.
std::optional<json::Members> special_schema(const Descriptor& type, OpenApiDialect dialect) {
  const std::string& name = type.full_name();
  bool v3 = dialect == OpenApiDialect::kV3;
  if (name.ends_with("meta.v1.Time") || name.ends_with("meta.v1.MicroTime")) {
    return json::Members{{"type", "string"}, {"format", "date-time"}};
  }
  if (name.ends_with("meta.v1.Duration")) return json::Members{{"type", "string"}};
  if (name.ends_with("resource.Quantity")) {
    if (!v3) return json::Members{{"type", "string"}};
    return json::Members{{"oneOf", json::Array{json::Members{{"type", "string"}}, json::Members{{"type", "number"}}}}};
  }
  if (name.ends_with("intstr.IntOrString")) {
    if (!v3) return json::Members{{"type", "string"}, {"format", "int-or-string"}};
    return json::Members{{"format", "int-or-string"},
                         {"oneOf", json::Array{json::Members{{"type", "integer"}}, json::Members{{"type", "string"}}}}};
  }
  if (name.ends_with("meta.v1.FieldsV1") || name.ends_with("runtime.RawExtension")) return json::Members{{"type", "object"}};
  return std::nullopt;
}

json::Members scalar_schema(const FieldDescriptor& field) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_INT32:
      return {{"type", "integer"}, {"format", "int32"}};
    case FieldDescriptor::TYPE_INT64:
      return {{"type", "integer"}, {"format", "int64"}};
    case FieldDescriptor::TYPE_BOOL:
      return {{"type", "boolean"}};
    case FieldDescriptor::TYPE_DOUBLE:
      return {{"type", "number"}, {"format", "double"}};
    case FieldDescriptor::TYPE_BYTES:
      return {{"type", "string"}, {"format", "byte"}};
    default:
      return {{"type", "string"}};
  }
}

json::Value zero_value(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return "";
    case FieldDescriptor::CPPTYPE_BOOL:
      return false;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return json::Members{};
    default:
      return 0;
  }
}

// What OpenAPI publishes as a field's default: the option's, or the zero value of what is never absent.
std::optional<json::Value> default_of(const FieldDescriptor& field, bool is_special) {
  const auto& options = field.options();
  if (options.HasExtension(default_json)) {
    auto value = json::parse(options.GetExtension(default_json));
    if (!value) std::abort();  // a typo in a .proto; the tests make every document
    return *value;
  }
  if (field.is_repeated() || is_special || options.GetExtension(pointer)) return std::nullopt;
  bool embedded = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
  if (embedded || options.GetExtension(always)) return zero_value(field);
  return std::nullopt;
}

void add_list_extensions(const FieldDescriptor& field, json::Members& schema) {
  const auto& options = field.options();
  json::Array keys;
  for (int i = 0; i < options.ExtensionSize(list_map_key); ++i) keys.emplace_back(options.GetExtension(list_map_key, i));
  if (!keys.empty()) schema["x-kubernetes-list-map-keys"] = std::move(keys);
  if (options.HasExtension(list_type)) schema["x-kubernetes-list-type"] = options.GetExtension(list_type);
  if (options.HasExtension(map_type)) schema["x-kubernetes-map-type"] = options.GetExtension(map_type);
  if (options.HasExtension(patch_merge_key)) schema["x-kubernetes-patch-merge-key"] = options.GetExtension(patch_merge_key);
  if (options.HasExtension(patch_strategy)) schema["x-kubernetes-patch-strategy"] = options.GetExtension(patch_strategy);
}

void add_enum(const FieldDescriptor& field, json::Members& schema) {
  std::vector<std::string> values;
  for (int i = 0; i < field.options().ExtensionSize(enum_value); ++i) values.push_back(field.options().GetExtension(enum_value, i));
  if (values.empty()) return;
  std::sort(values.begin(), values.end());
  schema["enum"] = json::Array(values.begin(), values.end());
}

bool is_text_list(const FieldDescriptor& field) {
  return field.message_type() != nullptr && field.message_type()->options().GetExtension(as_list);
}

json::Members text_list_schema() { return {{"type", "array"}, {"items", json::Members{{"type", "string"}}}}; }

json::Members type_member(std::string_view description) { return {{"description", description}, {"type", "string"}}; }

}  // namespace

json::Members group_version_kind(std::string_view group, std::string_view version, std::string_view kind) {
  return {{"group", group}, {"kind", kind}, {"version", version}};
}

std::string schema_name(const Descriptor& type) {
  // The package starts with a host name, which the schema's name has in reverse: k8s.io.api… is io.k8s.api….
  constexpr std::string_view kHost = "k8s.io.";
  std::string_view name = type.full_name();
  if (!name.starts_with(kHost)) return std::string(name);
  return "io.k8s." + std::string(name.substr(kHost.size()));
}

json::Value SchemaWriter::reference(std::string_view name) const {
  std::string_view prefix = dialect_ == OpenApiDialect::kV3 ? "#/components/schemas/" : "#/definitions/";
  return json::Members{{"$ref", std::string(prefix) + std::string(name)}};
}

json::Value SchemaWriter::reference(const Descriptor& type) {
  if (known_.insert(&type).second) wanted_.push_back(&type);
  return reference(schema_name(type));
}

void SchemaWriter::add_kind(const Descriptor& type, std::string_view group, std::string_view version, std::string_view kind) {
  kinds_.insert(&type);
  add_named(type, group, version, kind);
}

void SchemaWriter::add_named(const Descriptor& type, std::string_view group, std::string_view version, std::string_view kind) {
  json::Value entry = group_version_kind(group, version, kind);
  json::Array& entries = names_[&type];
  if (std::find(entries.begin(), entries.end(), entry) == entries.end()) entries.push_back(std::move(entry));
  reference(type);
}

json::Members SchemaWriter::schemas() {
  std::map<std::string, json::Value> all = extra_;
  while (!wanted_.empty()) {
    const Descriptor* type = wanted_.front();
    wanted_.pop_front();
    all[schema_name(*type)] = schema_of(*type);
  }
  json::Members out;
  for (auto& [name, schema] : all) out.emplace_back(name, std::move(schema));
  return out;
}

void SchemaWriter::describe(const std::string& full_name, json::Members& schema) const {
  auto found = descriptions_.find(full_name);
  if (found != descriptions_.end()) schema["description"] = found->second;
}

json::Value SchemaWriter::schema_of(const Descriptor& type) {
  json::Members schema;
  describe(type.full_name(), schema);
  if (auto special = special_schema(type, dialect_)) {
    schema.insert(schema.end(), special->begin(), special->end());
    return schema;
  }
  json::Members properties;
  json::Array required;
  if (kinds_.contains(&type)) {
    properties["apiVersion"] = type_member("The group and version of this object's shape, such as batch/v1.");
    properties["kind"] = type_member("The kind of this object, in CamelCase.");
  }
  add_properties(type, properties, required);
  std::sort(properties.begin(), properties.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  schema["type"] = "object";
  if (!properties.empty()) schema["properties"] = std::move(properties);
  if (!required.empty()) schema["required"] = std::move(required);
  if (auto names = names_.find(&type); names != names_.end()) schema[kGroupVersionKind] = names->second;
  if (type.options().HasExtension(struct_type)) schema["x-kubernetes-map-type"] = type.options().GetExtension(struct_type);
  return schema;
}

void SchemaWriter::add_properties(const Descriptor& type, json::Members& properties, json::Array& required) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.options().GetExtension(inline_)) {
      add_properties(*field.message_type(), properties, required);
      continue;
    }
    properties[field.name()] = property(field);
    if (field.options().GetExtension(stint::required)) required.emplace_back(field.name());
  }
}

json::Value SchemaWriter::property(const FieldDescriptor& field) {
  json::Members schema;
  describe(field.full_name(), schema);
  bool is_message = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
  bool is_special = is_message && !field.is_repeated() && special_schema(*field.message_type(), dialect_).has_value();
  // Swagger 2.0 knows no default beside a reference.
  bool may_have_default = dialect_ == OpenApiDialect::kV3 || !is_message;
  if (auto value = default_of(field, is_special); value && may_have_default) schema["default"] = *std::move(value);
  if (field.is_map()) {
    schema["type"] = "object";
    schema["additionalProperties"] = value_schema(*field.message_type()->map_value());
  } else if (field.is_repeated()) {
    schema["type"] = "array";
    schema["items"] = value_schema(field);
  } else if (is_message && dialect_ == OpenApiDialect::kV3) {
    schema["allOf"] = json::Array{reference(*field.message_type())};
  } else {
    json::Value value = value_schema(field);
    schema.insert(schema.end(), value.as_object().begin(), value.as_object().end());
  }
  add_enum(field, schema);
  add_list_extensions(field, schema);
  return schema;
}

json::Value SchemaWriter::value_schema(const FieldDescriptor& field) {
  if (is_text_list(field)) return text_list_schema();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) return reference(*field.message_type());
  return scalar_schema(field);
}

}  // namespace stint
