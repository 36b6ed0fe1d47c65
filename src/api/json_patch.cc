#include <algorithm>
#include <charconv>
#include <optional>

#include "api/embedded_json.h"
#include "api/go_names.h"
#include "api/json_members.h"
#include "api/patch.h"

namespace stint {
namespace {

using json::Array;
using json::kDepthMax;
using json::sort_members;
using json::Value;

// Bytes that `copy` may add in one patch, as JSON.
constexpr size_t kCopiedBytesMax = json::kBodyBytesMax;

using Pointer = std::vector<std::string>;

// Upstream's answer to any operation that does not apply; it does not say which.
std::unexpected<Error> rejected() { return fail(Reason::kInvalid, "the server rejected our request due to an error in our request"); }

std::unexpected<Error> no_patch(const std::string& why) { return fail(Reason::kBadRequest, "error decoding patch: " + why); }

std::string unescaped(std::string_view token) {
  std::string out;
  for (size_t i = 0; i < token.size(); ++i) {
    const bool is_escape = token[i] == '~' && i + 1 < token.size() && (token[i + 1] == '0' || token[i + 1] == '1');
    out += !is_escape ? token[i] : token[i + 1] == '0' ? '~' : '/';
    if (is_escape) ++i;
  }
  return out;
}

std::optional<Pointer> parse_pointer(const Value* text) {
  if (text == nullptr || !text->is_string()) return std::nullopt;
  std::string_view rest = text->as_string();
  Pointer tokens;
  if (!rest.empty() && rest[0] != '/') return std::nullopt;
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const size_t end = std::min(rest.find('/'), rest.size());
    tokens.push_back(unescaped(rest.substr(0, end)));
    rest.remove_prefix(end);
  }
  if (tokens.size() > static_cast<size_t>(kDepthMax)) return std::nullopt;
  return tokens;
}

// Nothing if the token is no index up to `max`.
std::optional<size_t> parse_index(const std::string& token, size_t max) {
  size_t index = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (token.empty() || error != std::errc() || end != token.data() + token.size() || index > max) return std::nullopt;
  return index;
}

// Upstream reads the objects on the way into maps, whose members it writes sorted: its messages quote the result.
Value* child(Value& parent, const std::string& token) {
  if (parent.is_object()) {
    sort_members(parent.as_object());
    return parent.as_object().find(token);
  }
  if (!parent.is_array() || parent.as_array().empty()) return nullptr;
  const std::optional<size_t> index = parse_index(token, parent.as_array().size() - 1);
  return index ? &parent.as_array()[*index] : nullptr;
}

class JsonPatch {
 public:
  explicit JsonPatch(Value document) : document_(std::move(document)) {}

  Result<void> apply(const Value& operation) {
    const std::string_view op = operation.string_at("op");
    const std::optional<Pointer> path = parse_pointer(operation.find("path"));
    const Value* value = operation.find("value");
    if (!path) return rejected();
    if (op == "test") return test(*path, value);
    if (op == "remove") return take(*path) ? Result<void>() : rejected();
    if (op == "move" || op == "copy") return transfer(operation, *path, op == "move");
    if (op == "add") return add(*path, value == nullptr ? Value() : *value);
    if (op == "replace") return replace(*path, value == nullptr ? Value() : *value);
    return rejected();
  }

  Value result() && { return std::move(document_); }

 private:
  // What the first `count` tokens lead to, or null.
  Value* find(const Pointer& path, size_t count) {
    Value* at = &document_;
    for (size_t i = 0; i < count && at != nullptr; ++i) at = child(*at, path[i]);
    return at;
  }
  Value* find(const Pointer& path) { return find(path, path.size()); }

  bool has_object_before_last(const Pointer& path) {
    const Value* parent = path.empty() ? nullptr : find(path, path.size() - 1);
    return parent != nullptr && parent->is_object();
  }

  static bool fits(const Pointer& path, const Value& value) {
    return !json::is_deeper_than(value, kDepthMax - static_cast<int>(path.size()));
  }

  Result<void> add(const Pointer& path, Value value) {
    if (!fits(path, value)) return rejected();
    if (path.empty()) {
      document_ = std::move(value);
      return {};
    }
    Value* parent = find(path, path.size() - 1);
    if (parent == nullptr) return rejected();
    if (parent->is_object()) {
      parent->as_object()[path.back()] = std::move(value);
      sort_members(parent->as_object());
      return {};
    }
    if (!parent->is_array()) return rejected();
    Array& elements = parent->as_array();
    const std::optional<size_t> index = path.back() == "-" ? elements.size() : parse_index(path.back(), elements.size());
    if (!index) return rejected();
    elements.insert(elements.begin() + static_cast<std::ptrdiff_t>(*index), std::move(value));
    return {};
  }

  // A member that is absent is added, as upstream has it.
  Result<void> replace(const Pointer& path, Value value) {
    Value* target = find(path);
    if (target == nullptr) return has_object_before_last(path) ? add(path, std::move(value)) : rejected();
    if (!fits(path, value)) return rejected();
    *target = std::move(value);
    return {};
  }

  // A member that is absent equals null, as upstream has it.
  Result<void> test(const Pointer& path, const Value* value) {
    const Value* found = find(path);
    const Value null;
    const bool holds = (found == nullptr ? null : *found) == (value == nullptr ? null : *value);
    return holds ? Result<void>() : rejected();
  }

  std::optional<Value> take(const Pointer& path) {
    if (path.empty()) return std::nullopt;
    Value* parent = find(path, path.size() - 1);
    Value* target = parent == nullptr ? nullptr : child(*parent, path.back());
    if (target == nullptr) return std::nullopt;
    Value taken = std::move(*target);
    if (parent->is_object()) {
      parent->as_object().erase_key(path.back());
    } else {
      Array& elements = parent->as_array();
      elements.erase(elements.begin() + (target - elements.data()));
    }
    return taken;
  }

  Result<void> transfer(const Value& operation, const Pointer& path, bool moves) {
    const std::optional<Pointer> from = parse_pointer(operation.find("from"));
    if (!from) return rejected();
    if (!moves) {
      const Value* source = find(*from);
      if (source == nullptr && has_object_before_last(*from)) return add(path, Value());
      if (source == nullptr) return rejected();
      copied_bytes_ += json::to_text(*source).size();
      if (copied_bytes_ > kCopiedBytesMax) return rejected();
      return add(path, *source);
    }
    if (*from == path) return find(path) != nullptr ? Result<void>() : rejected();
    // Nothing can be moved into itself.
    if (from->size() < path.size() && std::equal(from->begin(), from->end(), path.begin())) return rejected();
    std::optional<Value> value = take(*from);
    if (!value) return rejected();
    return add(path, *std::move(value));
  }

  Value document_;
  size_t copied_bytes_ = 0;
};

}  // namespace

Result<Value> apply_json_patch(const Value& document, const Value& patch) {
  if (!patch.is_array()) {
    return no_patch("json: cannot unmarshal " + std::string(go_name(patch)) + " into Go value of type []handlers.jsonPatchOp");
  }
  const Array& operations = patch.as_array();
  if (operations.size() > kJsonPatchOperationsMax) {
    return fail(Reason::kRequestEntityTooLarge, "Request entity too large: The allowed maximum operations in a JSON patch is " +
                                                    std::to_string(kJsonPatchOperationsMax) + ", got " + std::to_string(operations.size()));
  }
  JsonPatch state(document);
  for (const Value& operation : operations) {
    if (!operation.is_object()) {
      return no_patch("json: cannot unmarshal " + std::string(go_name(operation)) + " into Go value of type handlers.jsonPatchOp");
    }
    TRY_VOID(state.apply(operation));
  }
  return std::move(state).result();
}

}  // namespace stint
