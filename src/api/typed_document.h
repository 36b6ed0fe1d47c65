// JSON documents together with the declaration of their kind: what server-side apply does with a configuration. A configuration is no
// object yet: what it leaves out, sets to null or leaves empty makes a difference, so that it stays a document until it is merged.
// The rules are those of upstream's structured-merge-diff. Pure; any thread. Recursion follows the documents, whose depth their parser
// has bounded.
#pragma once

#include "api/field_changes.h"
#include "api/json.h"
#include "api/message_plan.h"

namespace stint::typed {

// What the declaration says of a value: of an object itself, of a field, or of an item or a map value of a field.
struct Type {
  enum class Shape { kScalar, kStruct, kMap, kList, kAny };
  Shape shape = Shape::kScalar;
  bool is_atomic = false;
  bool is_object = false;                // has apiVersion and kind beside its fields
  const FieldPlan* field = nullptr;      // null for an object itself and for the kind and apiVersion of it
  const MessagePlan* message = nullptr;  // of kStruct
};
Type type_of_object(const google::protobuf::Descriptor& descriptor);
// Nothing when the struct has no such field. A map has them all.
std::optional<Type> type_of_member(const Type& type, std::string_view name);
Type type_of_item(const Type& list);

// The element by which an item of a set, or of a list with keys, is named.
Result<PathElement> item_element(const Type& list, const json::Value& item);
// `.spec.foo: field not declared in schema` and its like, as upstream words it.
enum class Duplicates { kRefused, kAllowed };
Result<void> check(const json::Value& document, const Type& type, Duplicates duplicates);

// REQUIRES, of what follows: the documents pass check().
FieldSet fields_of(const json::Value& document, const Type& type);
FieldChanges changes_between(const json::Value& old, const json::Value& next, const Type& type);
// What `config` says goes before what `live` says; nothing is removed.
json::Value merged(const json::Value& live, const json::Value& config, const Type& type);
json::Value without(const json::Value& document, const FieldSet& fields, const Type& type);
// Makes the declared fields of structs members where something below them is: they are owned by implication only.
void add_named_fields(FieldSet& fields, const Type& type);

}  // namespace stint::typed
