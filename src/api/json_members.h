// Finding members of objects whose size a client chose: linear while small, hashed beyond, so that a body of half a million
// members costs no quadratic time. Thread-compatible.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "api/json.h"

namespace stint::json {

// Follows one object while it grows; nobody else may add to or erase from it meanwhile.
class MemberIndex {
 public:
  explicit MemberIndex(Members& members) : members_(members) {}

  Value* find(std::string_view key);
  // REQUIRES: the key is absent.
  Value& add(std::string key, Value value);

 private:
  static constexpr size_t kLinearMax = 16;
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  void index_new();

  Members& members_;
  // Keys own their text: a string inside the members moves when they grow.
  std::unordered_map<std::string, size_t, Hash, std::equal_to<>> positions_;
  size_t indexed_ = 0;
};

// As Go writes an object that it has read into a map.
void sort_members(Members& members);

}  // namespace stint::json
