// One row a kind: names, verbs and rules. Routes, discovery, OpenAPI, tables and the generic tests follow from `kinds()`.
// All of it is immutable after start; any thread.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/object.h"
#include "base/result.h"

namespace stint {

// Errors of validation, collected: one 422 lists all of them. Bodies are upstream's shapes ("Required value: ...").
class FieldErrors {
 public:
  // `detail` may be empty. `value` is given as it should be shown: use the quote()/number helpers of api/field_path.h.
  void required(std::string field, std::string_view detail = {});
  void invalid(std::string field, std::string_view shown_value, std::string_view detail);
  void not_supported(std::string field, std::string_view value, std::span<const std::string_view> supported);
  void duplicate(std::string field, std::string_view shown_value);
  void forbidden(std::string field, std::string_view detail);
  void too_long(std::string field, size_t bytes_max);
  void too_many(std::string field, size_t count, size_t count_max);
  void not_found(std::string field, std::string_view shown_value);
  void add(Cause cause) { causes_.push_back(std::move(cause)); }
  void append(const FieldErrors& other) { causes_.insert(causes_.end(), other.causes_.begin(), other.causes_.end()); }

  bool empty() const { return causes_.empty(); }
  const std::vector<Cause>& causes() const { return causes_; }

 private:
  std::vector<Cause> causes_;
};

// "\"text\"": how a string is shown in an error.
std::string quote(std::string_view text);

// A column of the server-side table.
struct Column {
  std::string_view name;
  std::string_view type = "string";  // "string", "integer", "boolean", "date"
  std::string_view format = "";      // "name" for the first one
  int priority = 0;                  // 1: only with -o wide
  std::string_view description = "";
};
// A cell is text, a number or a boolean; `integer` and `boolean` columns need theirs.
struct Cell {
  enum class Type { kText, kInteger, kBoolean } type = Type::kText;
  std::string text;
  int64_t number = 0;
  Cell(std::string value) : text(std::move(value)) {}
  Cell(std::string_view value) : text(value) {}
  Cell(const char* value) : text(value) {}
  static Cell integer(int64_t value) {
    Cell c("");
    c.type = Type::kInteger;
    c.number = value;
    return c;
  }
  static Cell boolean(bool value) {
    Cell c("");
    c.type = Type::kBoolean;
    c.number = value;
    return c;
  }
};
struct Row {
  std::vector<Cell> cells;
  std::vector<std::array<std::string, 4>> conditions;  // type, status, reason, message (pods that ended)
};

// A field selector's field and how to read it.
struct SelectableField {
  std::string_view name;
  std::string (*read)(const Message& object);
};

// What is rule and not shape. A null pointer means "nothing to do". Messages are of the kind's own type. Source of each:
// upstream's strategy of the kind (pkg/registry).
struct Rules {
  // Fills defaults; runs on every decode, also of stored bytes. Must be idempotent.
  void (*set_defaults)(Message& object) = nullptr;
  // Create: wipes status, sets generation, generated fields (the uid is already set).
  void (*prepare_create)(Message& object) = nullptr;
  // Update of the main resource / of status: restores what this endpoint may not change. Generation is the server's (see has_generation).
  void (*prepare_update)(Message& next, const Message& old) = nullptr;
  void (*prepare_status_update)(Message& next, const Message& old) = nullptr;
  // Without metadata, which the server validates for all kinds (api/metadata_rules.h).
  void (*validate)(const Message& object, FieldErrors& errors) = nullptr;                           // create
  void (*validate_update)(const Message& next, const Message& old, FieldErrors& errors) = nullptr;  // includes what validate checks
  void (*validate_status)(const Message& next, const Message& old, FieldErrors& errors) = nullptr;
  // Texts for the Warning header; old is null on create.
  void (*warn)(const Message& next, const Message* old, std::vector<std::string>& warnings) = nullptr;
  // True if the name may be used; null: DNS subdomain.
  void (*validate_name)(std::string_view name, bool is_prefix, FieldErrors& errors, std::string_view field) = nullptr;

  std::span<const Column> columns = {};
  void (*row)(const Message& object, WallTime now, Row& row) = nullptr;
  // What a row of a list says only in view of the others.
  void (*finish_list)(std::span<const Object> objects, std::span<Row> rows) = nullptr;
  std::span<const SelectableField> fields = {};  // besides metadata.name and metadata.namespace
};

enum class Propagation { kBackground, kOrphan, kForeground, kUnsupported };

struct Kind;
struct Subresource {
  std::string_view name;   // "status"
  std::string_view kind;   // "Job", "Binding"
  std::string_view verbs;  // comma list, alphabetical: "get,patch,update"
  // What it takes and gives when that is of another group; null: the message `kind` of the resource's own.
  const Kind* type = nullptr;

  bool has_verb(std::string_view verb) const;
};

struct Kind {
  std::string_view group;  // "" for core
  std::string_view version;
  std::string_view kind;
  std::string_view plural;
  std::string_view singular;
  bool namespaced = true;
  std::string_view short_names;  // comma list
  std::string_view categories;   // comma list
  std::string_view verbs;        // comma list, alphabetical
  std::span<const Subresource> subresources = {};
  const google::protobuf::Descriptor* (*descriptor)() = nullptr;
  // Where it is stored: "/registry/<storage_resource>/[<namespace>/]<name>"; another kind's when two shapes share one store. "": nowhere,
  // it is only asked and answered (server/reviews.h, server/usage_metrics.h).
  std::string_view storage_resource;
  const Rules* rules = nullptr;

  bool has_generation = false;          // generation 1 on create, +1 when spec changes
  bool has_grace = false;               // pods: deletion with a grace period
  bool create_on_update = false;        // PUT creates
  bool unconditional_update = true;     // PUT without resourceVersion
  bool returns_deleted_object = false;  // DELETE answers with the object instead of a Status
  bool absent = false;                  // listed, but none can be made (api/absent_kinds.h)
  Propagation default_propagation = Propagation::kBackground;

  // Conversion to and from the stored kind, for the second of two shapes (events.k8s.io); null: stored as it is.
  void (*to_stored)(const Message& shape, Message& stored) = nullptr;
  void (*from_stored)(const Message& stored, Message& shape) = nullptr;

  std::string api_version() const;       // "batch/v1", "v1"
  std::string qualified_plural() const;  // "jobs.batch", "pods"
  std::string qualified_kind() const;    // "Job.batch", "Pod"
  std::unique_ptr<Message> make() const;
  bool has_verb(std::string_view verb) const;
  bool is_stored() const { return !storage_resource.empty(); }
  const Subresource* subresource(std::string_view name) const;
};

// Every served kind in discovery order. One line a kind, in api/kinds.cc.
std::span<const Kind> kinds();
const Kind* find_kind(std::string_view group, std::string_view version, std::string_view plural);
const Kind* find_kind_by_name(std::string_view api_version, std::string_view kind);
// The kind whose class the descriptor is; of two shapes in one store the first. REQUIRES: it is served.
const Kind& kind_of(const google::protobuf::Descriptor* descriptor);
template <class T>
const Kind& kind_of() {
  static const Kind& kind = kind_of(T::descriptor());
  return kind;
}

}  // namespace stint
