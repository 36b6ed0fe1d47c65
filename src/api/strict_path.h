// Where a reader of a document is, for the texts of strict decoding: `unknown field "spec.containers[0].bar"`. Kept as views,
// so that a reader pays for a path only when it names it. Thread-compatible.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stint::json {

class StrictPath {
 public:
  // The key must outlive its stay.
  void push(std::string_view key) { steps_.push_back({key, 0, Kind::kKey}); }
  void push(size_t index) { steps_.push_back({{}, index, Kind::kIndex}); }
  // A struct whose members stand in the parent: Go's decoder names it on the way, strict decoding does not.
  void push_inlined(std::string_view type) { steps_.push_back({type, 0, Kind::kInlined}); }
  void pop(size_t count = 1) { steps_.resize(steps_.size() - count); }
  void set_index(size_t index) { steps_.back().index = index; }

  // `{what} "{path of the member}"`, unless `errors` has it or is full.
  void report(std::string_view what, std::string_view member, std::vector<std::string>& errors) const;
  // "spec.template.spec.containers": the members on the way, as Go's decoder names a field.
  std::string members() const;

 private:
  enum class Kind { kKey, kIndex, kInlined };
  struct Step {
    std::string_view key;
    size_t index = 0;
    Kind kind = Kind::kKey;
  };
  std::vector<Step> steps_;
};

}  // namespace stint::json
