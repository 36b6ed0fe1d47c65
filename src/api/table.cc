#include "api/table.h"

#include "api/json.h"

namespace stint {
namespace {

constexpr Column kPlainColumns[] = {
    {.name = "Name", .format = "name", .description = "The name, unique among the objects of its kind in its namespace"},
    {.name = "Created At", .type = "date", .description = "When the server stored the object"},
};

void plain_row(const Message& object, Row& row) {
  const metav1::ObjectMeta& metadata = meta(object);
  row.cells.emplace_back(metadata.name());
  row.cells.emplace_back(format_rfc3339(from_time(metadata.creationtimestamp())));
}

void append_member(std::string_view name, std::string_view text, std::string& out) {
  json::append_quoted(name, out);
  out += ':';
  json::append_quoted(text, out);
}

void append_columns(std::span<const Column> columns, std::string& out) {
  out += '[';
  for (const Column& column : columns) {
    out += out.back() == '[' ? "{" : ",{";
    append_member("name", column.name, out);
    out += ',';
    append_member("type", column.type, out);
    out += ',';
    append_member("format", column.format, out);
    out += ',';
    append_member("description", column.description, out);
    out += ",\"priority\":" + std::to_string(column.priority) + "}";
  }
  out += ']';
}

void append_cell(const Cell& cell, std::string& out) {
  switch (cell.type) {
    case Cell::Type::kText:
      json::append_quoted(cell.text, out);
      return;
    case Cell::Type::kInteger:
      out += std::to_string(cell.number);
      return;
    case Cell::Type::kBoolean:
      out += cell.number != 0 ? "true" : "false";
      return;
  }
}

void append_conditions(const Row& row, std::string& out) {
  if (row.conditions.empty()) return;
  constexpr std::string_view kNames[] = {"type", "status", "reason", "message"};
  out += ",\"conditions\":[";
  for (const auto& condition : row.conditions) {
    out += out.back() == '[' ? "{" : ",{";
    for (size_t i = 0; i < condition.size(); ++i) {
      bool may_be_left_out = i >= 2;
      if (may_be_left_out && condition[i].empty()) continue;
      if (out.back() != '{') out += ',';
      append_member(kNames[i], condition[i], out);
    }
    out += '}';
  }
  out += ']';
}

Row make_row(const Kind& kind, const Message& object, WallTime now) {
  Row row;
  if (kind.rules != nullptr && kind.rules->row != nullptr) {
    kind.rules->row(object, now, row);
  } else {
    plain_row(object, row);
  }
  return row;
}

void append_row(const Kind& kind, const Message& object, const Row& row, const TableOptions& options, std::string& out) {
  out += "{\"cells\":[";
  for (const Cell& cell : row.cells) {
    if (out.back() != '[') out += ',';
    append_cell(cell, out);
  }
  out += ']';
  append_conditions(row, out);
  out += ",\"object\":";
  switch (options.include) {
    case IncludeObject::kNone:
      out += "null";
      break;
    case IncludeObject::kMetadata:
      append_partial_metadata(object, options.meta_version, out);
      break;
    case IncludeObject::kObject:
      json::encode(object, {kind.api_version(), kind.kind}, out);
      break;
  }
  out += '}';
}

}  // namespace

std::optional<IncludeObject> parse_include_object(std::string_view text) {
  if (text.empty() || text == "Metadata") return IncludeObject::kMetadata;
  if (text == "Object") return IncludeObject::kObject;
  if (text == "None") return IncludeObject::kNone;
  return std::nullopt;
}

std::span<const Column> table_columns(const Kind& kind) {
  if (kind.rules != nullptr && kind.rules->row != nullptr) return kind.rules->columns;
  return kPlainColumns;
}

std::string table_text(const Kind& kind, std::span<const Object> objects, const metav1::ListMeta& list, const TableOptions& options,
                       WallTime now) {
  std::string out = "{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/" + std::string(options.meta_version) + "\",\"metadata\":";
  json::encode(list, {}, out);
  out += ",\"columnDefinitions\":";
  if (options.columns) {
    append_columns(table_columns(kind), out);
  } else {
    out += "null";
  }
  out += ",\"rows\":[";
  std::vector<Row> rows;
  rows.reserve(objects.size());
  for (const Object& object : objects) rows.push_back(make_row(kind, *object, now));
  if (options.is_list && kind.rules != nullptr && kind.rules->finish_list != nullptr) kind.rules->finish_list(objects, rows);
  for (size_t i = 0; i < rows.size(); ++i) {
    if (out.back() != '[') out += ',';
    append_row(kind, *objects[i], rows[i], options, out);
  }
  out += "]}";
  return out;
}

void append_partial_metadata(const Message& object, std::string_view meta_version, std::string& out) {
  out += "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/";
  out += meta_version;
  out += "\",\"metadata\":";
  json::encode(meta(object), {}, out);
  out += '}';
}

}  // namespace stint
