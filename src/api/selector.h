// Label and field selectors. Pure; any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api/kind.h"
#include "base/result.h"

namespace stint {

class LabelSelector {
 public:
  using Labels = google::protobuf::Map<std::string, std::string>;
  static Result<LabelSelector> parse(std::string_view text);                 // "a=b,c in (d,e),!f"; kBadRequest
  static Result<LabelSelector> from(const metav1::LabelSelector& selector);  // an empty one matches everything
  bool matches(const Labels& labels) const;
  bool empty() const { return requirements_.empty(); }
  std::string to_string() const;  // as kubectl prints it: "a=b,c in (d,e)"

 private:
  enum class Operator { kIn, kNotIn, kExists, kDoesNotExist, kGreater, kLess };
  struct Requirement {
    std::string key;
    Operator op;
    std::vector<std::string> values;  // sorted
    bool single_equals = false;       // written k=v: printed so
  };
  std::vector<Requirement> requirements_;
};

class FieldSelector {
 public:
  // Fields are checked against the kind's; an unknown one is kBadRequest in upstream's words for that kind.
  static Result<FieldSelector> parse(std::string_view text, const Kind& kind);
  bool matches(const Message& object) const;
  bool empty() const { return terms_.empty(); }
  // The value that `metadata.name=` asks for, or "".
  std::string_view name() const;

 private:
  struct Term {
    std::string field;
    std::string (*read)(const Message& object);
    std::string value;
    bool equals;
  };
  std::vector<Term> terms_;
};

}  // namespace stint
