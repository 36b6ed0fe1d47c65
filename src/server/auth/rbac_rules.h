// RuleList of RBAC: what one permits, what a set of them covers, and how they are shown. Source: upstream's pkg/apis/rbac and
// component-helpers/auth/rbac. Pure; any thread.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "server/auth/attributes.h"

namespace stint::rbac {

struct Rule {
  std::vector<std::string> verbs;
  std::vector<std::string> groups;
  std::vector<std::string> resources;
  std::vector<std::string> names;  // empty: any
  std::vector<std::string> urls;   // of paths that are no resources
  bool operator==(const Rule&) const = default;
};
using RuleList = std::vector<Rule>;

bool permits(const Rule& rule, const Attributes& attributes);

// The rules of `wanted` that no single rule of `held` covers, without repeated words.
RuleList not_covered_by_one(const RuleList& held, const RuleList& wanted);
// How many pieces the rules come to: one verb on one resource or path each, so that a short list of long rules has very many.
size_t count_pieces(const RuleList& rules);
// What of `wanted` is not in `held`, in its smallest pieces.
RuleList missing(const RuleList& held, const RuleList& wanted);
// Pieces of one resource joined again, in no particular order of the resources.
RuleList compact(const RuleList& pieces);
// `{APIGroups:["batch"], Resources:["jobs"], Verbs:["get" "list"]}`
std::string describe(const Rule& rule);

// RuleList with an index by resource, so that a look-up meets few of them.
class RuleIndex {
 public:
  explicit RuleIndex(RuleList rules);
  const RuleList& rules() const { return rules_; }
  // The rule that permits it, or null.
  const Rule* find(const Attributes& attributes) const;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  const Rule* find_among(std::string_view resource, const Attributes& attributes) const;

  RuleList rules_;
  std::unordered_map<std::string, std::vector<size_t>, Hash, std::equal_to<>> by_resource_;  // "pods/log", "*/scale", "*"
  std::vector<size_t> with_urls_;
};

}  // namespace stint::rbac
