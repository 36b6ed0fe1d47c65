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
  void push(std::string_view key) { steps_.push_back({key, 0, true}); }
  void push(size_t index) { steps_.push_back({{}, index, false}); }
  void pop() { steps_.pop_back(); }
  void set_index(size_t index) { steps_.back().index = index; }

  // `{what} "{path of the member}"`, unless `errors` has it or is full.
  void report(std::string_view what, std::string_view member, std::vector<std::string>& errors) const;
  // "spec.template.spec.containers": the members on the way, as Go's decoder names a field.
  std::string members() const;

 private:
  struct Step {
    std::string_view key;
    size_t index;
    bool is_key;
  };
  std::vector<Step> steps_;
};

}  // namespace stint::json
