// Kubernetes JSON. `json::Value` is a small document tree (order kept); the codec between it and any declared message is
// driven by the descriptors and api/stint/options.proto. Pure; any thread.
//
// Kubernetes JSON is not protobuf's: int64 are numbers, Time/MicroTime/Quantity/IntOrString/FieldsV1/RawExtension have
// forms of their own, bytes are base64, maps are objects with sorted keys, and presence follows the options.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "api/types.h"
#include "base/result.h"

namespace stint::json {

class Value;
using Array = std::vector<Value>;
// Members in the order given. Lookup is linear: objects here are small.
class Members : public std::vector<std::pair<std::string, Value>> {
 public:
  using vector::vector;
  Value* find(std::string_view key);
  const Value* find(std::string_view key) const;
  Value& operator[](std::string_view key);  // inserts null at the end if absent
  bool erase_key(std::string_view key);
};

class Value {
 public:
  Value() = default;
  Value(std::nullptr_t) {}
  Value(bool value) : data_(value) {}
  Value(int value) : data_(static_cast<int64_t>(value)) {}
  Value(int64_t value) : data_(value) {}
  Value(double value) : data_(value) {}
  Value(std::string value) : data_(std::move(value)) {}
  Value(std::string_view value) : data_(std::string(value)) {}
  Value(const char* value) : data_(std::string(value)) {}
  Value(Array value) : data_(std::move(value)) {}
  Value(Members value) : data_(std::move(value)) {}

  bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
  bool is_object() const { return std::holds_alternative<Members>(data_); }
  bool is_array() const { return std::holds_alternative<Array>(data_); }
  bool is_string() const { return std::holds_alternative<std::string>(data_); }
  bool is_bool() const { return std::holds_alternative<bool>(data_); }
  bool is_int() const { return std::holds_alternative<int64_t>(data_); }
  bool is_double() const { return std::holds_alternative<double>(data_); }
  bool is_number() const { return is_int() || is_double(); }

  // REQUIRES: the value is of that type.
  bool as_bool() const { return std::get<bool>(data_); }
  int64_t as_int() const { return std::get<int64_t>(data_); }
  double as_double() const { return is_int() ? static_cast<double>(as_int()) : std::get<double>(data_); }
  const std::string& as_string() const { return std::get<std::string>(data_); }
  Array& as_array() { return std::get<Array>(data_); }
  const Array& as_array() const { return std::get<Array>(data_); }
  Members& as_object() { return std::get<Members>(data_); }
  const Members& as_object() const { return std::get<Members>(data_); }

  // Null if this is no object or has no such member.
  const Value* find(std::string_view key) const;
  Value* find(std::string_view key);
  // The string at key, or "".
  std::string_view string_at(std::string_view key) const;

  bool operator==(const Value& other) const;  // objects compare without order; 1 == 1.0

 private:
  std::variant<std::monostate, bool, int64_t, double, std::string, Array, Members> data_;
};

// Limits of every parser here; past them the text is refused.
inline constexpr int kDepthMax = 200;
inline constexpr size_t kBodyBytesMax = 3 * 1024 * 1024;
inline constexpr size_t kStrictErrorsMax = 100;

// `duplicates`, if given, collects `duplicate field "spec.backoffLimit"`; the last value wins.
// `bytes_max` is for texts that are no request bodies: lists read from a server, documents of our own.
Result<Value> parse(std::string_view text, std::vector<std::string>* duplicates = nullptr, size_t bytes_max = kBodyBytesMax);
// Puts the duplicate and the unknown fields of one JSON text in the order in which they stand in it, as upstream's decoder finds them.
void order_strict_errors(std::string_view text, std::vector<std::string>& errors);
// One YAML document as sigs.k8s.io/yaml reads it (YAML 1.1 scalars as JSON types). A duplicate key is
// `line N: key "x" already set in map` in `duplicates`. JSON text is accepted too.
Result<Value> parse_yaml(std::string_view text, std::vector<std::string>* duplicates = nullptr);
std::string to_text(const Value& value);                     // compact
std::string to_text(const Value& value, int indent_spaces);  // pretty
void append_text(const Value& value, std::string& out);
void append_quoted(std::string_view text, std::string& out);  // as Go's encoder: <, >, & as \u003c…, invalid UTF-8 as U+FFFD
std::string to_yaml(const Value& value);                      // as sigs.k8s.io/yaml prints it: keys sorted

// Reads a document into a message, which is cleared first. Unknown members are dropped; `unknown`, if given, collects
// `unknown field "spec.foo"` (at most kStrictErrorsMax). Member names are case-sensitive. apiVersion and kind members at the top are
// skipped. A wrong type: kBadRequest, message `json: cannot unmarshal string into Go struct field JobSpec.spec.backoffLimit of type int32`.
Result<void> decode(const Value& document, Message& message, std::vector<std::string>* unknown = nullptr);

// Type line that goes first into an object's JSON, empty for embedded messages.
struct TypeMeta {
  std::string_view api_version;
  std::string_view kind;
};
// Appends compact JSON: {"kind":…,"apiVersion":…,"metadata":…} in field order as Go prints it (kind first).
void encode(const Message& message, const TypeMeta& type, std::string& out);
std::string encode(const Message& message, const TypeMeta& type = {});
Value to_value(const Message& message, const TypeMeta& type = {});

}  // namespace stint::json
