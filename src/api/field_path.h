// The place of a fault in an object, as causes spell it: `spec.template.spec.containers[0].image`, `metadata.annotations[key]`.
// A plain value; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace stint {

class FieldPath {
 public:
  FieldPath() = default;
  explicit FieldPath(std::string_view root) : text_(root) {}

  FieldPath operator/(std::string_view child) const {
    std::string text;
    text.reserve(text_.size() + 1 + child.size());
    text += text_;
    if (!text_.empty()) text += '.';
    text += child;
    return FieldPath(text);
  }
  FieldPath index(size_t i) const { return FieldPath(text_ + "[" + std::to_string(i) + "]"); }
  FieldPath key(std::string_view k) const { return FieldPath(text_ + "[" + std::string(k) + "]"); }

  const std::string& text() const { return text_; }
  operator std::string() const { return text_; }

 private:
  std::string text_;
};

// How values other than strings are shown in an error; strings go through quote() of api/kind.h.
inline std::string shown(int64_t number) { return std::to_string(number); }
inline std::string shown(int32_t number) { return std::to_string(number); }
inline std::string shown(bool value) { return value ? "true" : "false"; }

}  // namespace stint
