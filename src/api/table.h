// The server-side Table: an object, a list or a watch event as rows that kubectl prints, made from the columns of the kind's
// rules. Pure; any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/kind.h"

namespace stint {

// What each row carries beside its cells.
enum class IncludeObject { kNone, kMetadata, kObject };
// "" is kMetadata; nothing when it is none of upstream's words.
std::optional<IncludeObject> parse_include_object(std::string_view text);

struct TableOptions {
  std::string_view meta_version = "v1";  // of meta.k8s.io: "v1" or "v1beta1"
  IncludeObject include = IncludeObject::kMetadata;
  bool is_list = false;
  bool columns = true;  // false: later events of a watch, whose first table named them
};

// The columns of a kind; kinds without their own have Name and Created At.
std::span<const Column> table_columns(const Kind& kind);

// Compact JSON of the whole table. `list` is what stands in its metadata.
std::string table_text(const Kind& kind, std::span<const Object> objects, const metav1::ListMeta& list, const TableOptions& options,
                       WallTime now);

// {"kind":"PartialObjectMetadata",…}: an object's metadata alone.
void append_partial_metadata(const Message& object, std::string_view meta_version, std::string& out);

}  // namespace stint
