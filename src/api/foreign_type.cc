#include "api/foreign_type.h"

#include "api/go_quote.h"
#include "api/kind.h"

namespace stint {
namespace {

bool is_list(const TypeName& type) {
  constexpr std::string_view kList = "List";
  return type.kind.ends_with(kList) && find_kind_by_name(type.api_version, type.kind.substr(0, type.kind.size() - kList.size())) != nullptr;
}

std::string unreadable(const json::Value& value, const std::string& into) {
  return "couldn't get version/kind; json parse error: json: cannot unmarshal " + std::string(go_name(value)) + " into Go " + into;
}

}  // namespace

std::string type_line_fault(const json::Value& document) {
  if (!document.is_object()) {
    return unreadable(
        document, R"(value of type struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" })");
  }
  for (const auto& [key, value] : document.as_object()) {
    if ((key != "apiVersion" && key != "kind") || value.is_string() || value.is_null()) continue;
    return unreadable(value, "struct field ." + key + " of type string");
  }
  return "";
}

std::string not_registered(const TypeName& type) {
  return "no kind " + go_quoted(type.kind) + " is registered for version " + go_quoted(type.api_version) +
         " in scheme \"pkg/runtime/scheme.go:111\"";
}

std::string foreign_type_fault(const TypeName& said, const TypeName& wanted, const json::Value* document) {
  const Kind* kind = find_kind_by_name(said.api_version, said.kind);
  if (kind == nullptr && !is_list(said)) return not_registered(said);
  if (kind != nullptr && document != nullptr) {
    const std::unique_ptr<Message> object = kind->make();
    if (const Result<void> read = json::decode(*document, *object); !read) return read.error().message;
  }
  return "converting (" + std::string(said.version()) + "." + std::string(said.kind) + ") to (" + go_internal_name(wanted) +
         "): unknown conversion";
}

}  // namespace stint
