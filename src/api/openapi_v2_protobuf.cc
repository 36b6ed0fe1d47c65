#include "api/openapi_v2_protobuf.h"

// Written field by field instead of through generated classes, which would be another 60,000 lines for one conversion. The
// numbers are those of OpenAPIv2.proto of github.com/google/gnostic-models; each writer below is named after its message.
namespace stint {
namespace {

class Proto {
 public:
  void text(int number, std::string_view value) {
    if (value.empty()) return;
    varint(static_cast<uint64_t>(number) << 3 | 2);
    varint(value.size());
    bytes_ += value;
  }
  // A message is written even when it is empty: its presence says something.
  void message(int number, const Proto& value) {
    varint(static_cast<uint64_t>(number) << 3 | 2);
    varint(value.bytes_.size());
    bytes_ += value.bytes_;
  }
  void flag(int number, bool value) {
    if (!value) return;
    varint(static_cast<uint64_t>(number) << 3);
    varint(1);
  }
  std::string take() && { return std::move(bytes_); }

 private:
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }
  std::string bytes_;
};

bool flag_at(const json::Value& value, std::string_view key) {
  const json::Value* member = value.find(key);
  return member != nullptr && member->is_bool() && member->as_bool();
}

void add_texts(const json::Value& parent, std::string_view key, int number, Proto& out) {
  const json::Value* list = parent.find(key);
  if (list == nullptr) return;
  for (const json::Value& item : list->as_array()) out.text(number, item.as_string());
}

// Values of any shape travel as YAML, of which JSON is a part.
Proto any(const json::Value& value) {
  Proto out;
  out.text(2, json::to_text(value));
  return out;
}

Proto named(std::string_view name, const Proto& value) {
  Proto out;
  out.text(1, name);
  out.message(2, value);
  return out;
}

void add_extensions(const json::Value& value, int number, Proto& out) {
  for (const auto& [name, member] : value.as_object()) {
    if (name.starts_with("x-")) out.message(number, named(name, any(member)));
  }
}

Proto schema(const json::Value& value);

Proto named_schemas(const json::Value& schemas) {
  Proto out;
  for (const auto& [name, one] : schemas.as_object()) out.message(1, named(name, schema(one)));
  return out;
}

Proto schema(const json::Value& value) {
  Proto out;
  out.text(1, value.string_at("$ref"));
  out.text(2, value.string_at("format"));
  out.text(4, value.string_at("description"));
  if (const json::Value* fallback = value.find("default")) out.message(5, any(*fallback));
  add_texts(value, "required", 19, out);
  if (const json::Value* values = value.find("enum")) {
    for (const json::Value& one : values->as_array()) out.message(20, any(one));
  }
  Proto wrapper;
  if (const json::Value* additional = value.find("additionalProperties")) {
    wrapper.message(1, schema(*additional));
    out.message(21, wrapper);
  }
  if (!value.string_at("type").empty()) {
    Proto type;
    type.text(1, value.string_at("type"));
    out.message(22, type);
  }
  if (const json::Value* items = value.find("items")) {
    Proto item;
    item.message(1, schema(*items));
    out.message(23, item);
  }
  if (const json::Value* properties = value.find("properties")) out.message(25, named_schemas(*properties));
  add_extensions(value, 31, out);
  return out;
}

Proto body_parameter(const json::Value& value) {
  Proto out;
  out.text(1, value.string_at("description"));
  out.text(2, value.string_at("name"));
  out.text(3, value.string_at("in"));
  out.flag(4, flag_at(value, "required"));
  out.message(5, schema(*value.find("schema")));
  return out;
}

// QueryParameterSubSchema and PathParameterSubSchema differ by one field in between.
Proto plain_parameter(const json::Value& value, bool in_query) {
  Proto out;
  out.flag(1, flag_at(value, "required"));
  out.text(2, value.string_at("in"));
  out.text(3, value.string_at("description"));
  out.text(4, value.string_at("name"));
  out.text(in_query ? 6 : 5, value.string_at("type"));
  out.flag(in_query ? 20 : 19, flag_at(value, "uniqueItems"));
  return out;
}

Proto parameters_item(const json::Value& value) {
  Proto parameter, out;
  if (value.string_at("in") == "body") {
    parameter.message(1, body_parameter(value));
  } else {
    bool in_query = value.string_at("in") == "query";
    Proto non_body;
    non_body.message(in_query ? 3 : 4, plain_parameter(value, in_query));
    parameter.message(2, non_body);
  }
  out.message(1, parameter);
  return out;
}

Proto response_value(const json::Value& value) {
  Proto response, out;
  response.text(1, value.string_at("description"));
  if (const json::Value* content = value.find("schema")) {
    Proto item;
    item.message(1, schema(*content));
    response.message(2, item);
  }
  out.message(1, response);
  return out;
}

Proto operation(const json::Value& value) {
  Proto out;
  add_texts(value, "tags", 1, out);
  out.text(3, value.string_at("description"));
  out.text(5, value.string_at("operationId"));
  add_texts(value, "produces", 6, out);
  add_texts(value, "consumes", 7, out);
  for (const json::Value& parameter : value.find("parameters")->as_array()) out.message(8, parameters_item(parameter));
  Proto responses;
  for (const auto& [code, response] : value.find("responses")->as_object()) responses.message(1, named(code, response_value(response)));
  out.message(9, responses);
  add_texts(value, "schemes", 10, out);
  add_extensions(value, 13, out);
  return out;
}

Proto path_item(const json::Value& value) {
  constexpr std::pair<std::string_view, int> kMethods[] = {{"get", 2}, {"put", 3}, {"post", 4}, {"delete", 5}, {"patch", 8}};
  Proto out;
  for (const auto& [method, number] : kMethods) {
    if (const json::Value* one = value.find(method)) out.message(number, operation(*one));
  }
  return out;
}

Proto api_key_security(const json::Value& value) {
  Proto key, item;
  key.text(1, value.string_at("type"));
  key.text(2, value.string_at("name"));
  key.text(3, value.string_at("in"));
  key.text(4, value.string_at("description"));
  item.message(2, key);
  return item;
}

}  // namespace

std::string openapi_v2_protobuf(const json::Value& document) {
  Proto out, info, paths, security;
  out.text(1, document.string_at("swagger"));
  info.text(1, document.find("info")->string_at("title"));
  info.text(2, document.find("info")->string_at("version"));
  out.message(2, info);
  for (const auto& [path, item] : document.find("paths")->as_object()) paths.message(2, named(path, path_item(item)));
  out.message(8, paths);
  out.message(9, named_schemas(*document.find("definitions")));
  for (const auto& [name, one] : document.find("securityDefinitions")->as_object()) security.message(1, named(name, api_key_security(one)));
  out.message(13, security);
  return std::move(out).take();
}

}  // namespace stint
