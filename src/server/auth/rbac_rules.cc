#include "server/auth/rbac_rules.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <unordered_set>

#include "api/kind.h"

namespace stint::rbac {
namespace {

using Texts = std::vector<std::string>;

bool has(const Texts& texts, std::string_view text) { return std::ranges::find(texts, text) != texts.end(); }
bool has_or_all(const Texts& texts, std::string_view text) { return has(texts, "*") || has(texts, text); }

std::string combined(const Attributes& attributes) {
  std::string text(attributes.resource);
  if (!attributes.subresource.empty()) (text += '/') += attributes.subresource;
  return text;
}

bool names_resource(const Texts& resources, std::string_view wanted) {
  if (has_or_all(resources, wanted)) return true;
  const size_t slash = wanted.find('/');
  return slash != std::string_view::npos && has(resources, "*" + std::string(wanted.substr(slash)));
}

bool names_url(const Texts& urls, std::string_view wanted) {
  return std::ranges::any_of(urls, [wanted](std::string_view url) {
    if (url == wanted) return true;
    if (!url.ends_with('*')) return false;
    return wanted.starts_with(url.substr(0, url.find_last_not_of('*') + 1));
  });
}

// All but the resource itself.
bool permits_otherwise(const Rule& rule, const Attributes& attributes) {
  return has_or_all(rule.verbs, attributes.verb) && has_or_all(rule.groups, attributes.group) &&
         (rule.names.empty() || has(rule.names, attributes.name));
}

// `piece` is one of the smallest: it is covered by one rule or by none.
bool covers(const Rule& rule, const Rule& piece) {
  if (!has_or_all(rule.verbs, piece.verbs[0])) return false;
  if (!piece.urls.empty()) return names_url(rule.urls, piece.urls[0]);
  if (!has_or_all(rule.groups, piece.groups[0]) || !names_resource(rule.resources, piece.resources[0])) return false;
  return rule.names.empty() || (!piece.names.empty() && has(rule.names, piece.names[0]));
}

bool has_all(const Texts& texts, const Texts& wanted) {
  return has(texts, "*") || std::ranges::all_of(wanted, [&](const std::string& one) { return has(texts, one); });
}

bool names_all_resources(const Texts& resources, const Texts& wanted) {
  return has(resources, "*") || std::ranges::all_of(wanted, [&](const std::string& one) { return names_resource(resources, one); });
}

bool covers_whole(const Rule& held, const Rule& wanted) {
  if (!has_all(held.verbs, wanted.verbs)) return false;
  if (!std::ranges::all_of(wanted.urls, [&](const std::string& url) { return names_url(held.urls, url); })) return false;
  if (wanted.resources.empty()) return true;
  if (!has_all(held.groups, wanted.groups) || !names_all_resources(held.resources, wanted.resources)) return false;
  if (held.names.empty()) return true;
  return !wanted.names.empty() && std::ranges::all_of(wanted.names, [&](const std::string& name) { return has(held.names, name); });
}

Texts without_repeats(const Texts& texts) {
  Texts out;
  std::unordered_set<std::string_view> seen;
  for (const std::string& text : texts) {
    if (seen.insert(text).second) out.push_back(text);
  }
  return out;
}

Rule without_repeats(const Rule& rule) {
  return {without_repeats(rule.verbs), without_repeats(rule.groups), without_repeats(rule.resources), without_repeats(rule.names),
          without_repeats(rule.urls)};
}

// The largest number there is for whatever is larger.
size_t product(size_t a, size_t b) { return b != 0 && a > SIZE_MAX / b ? SIZE_MAX : a * b; }
size_t sum(size_t a, size_t b) { return a > SIZE_MAX - b ? SIZE_MAX : a + b; }

template <class Visit>
void each_piece(const Rule& rule, Visit visit) {
  for (const std::string& group : rule.groups) {
    for (const std::string& resource : rule.resources) {
      for (const std::string& verb : rule.verbs) {
        for (const std::string& name : rule.names) visit(Rule{{verb}, {group}, {resource}, {name}, {}});
        if (rule.names.empty()) visit(Rule{{verb}, {group}, {resource}, {}, {}});
      }
    }
  }
  for (const std::string& url : rule.urls) {
    for (const std::string& verb : rule.verbs) visit(Rule{{verb}, {}, {}, {}, {url}});
  }
}

void show(std::string_view title, const Texts& texts, std::string& out) {
  if (texts.empty()) return;
  if (out.size() > 1) out += ", ";
  (out += title) += ":[";
  for (size_t i = 0; i < texts.size(); ++i) (out += i > 0 ? " " : "") += quote(texts[i]);
  out += "]";
}

}  // namespace

bool permits(const Rule& rule, const Attributes& attributes) {
  if (!attributes.is_resource) return has_or_all(rule.verbs, attributes.verb) && names_url(rule.urls, attributes.path);
  return permits_otherwise(rule, attributes) && names_resource(rule.resources, combined(attributes));
}

RuleList not_covered_by_one(const RuleList& held, const RuleList& wanted) {
  RuleList out;
  for (const Rule& rule : wanted) {
    Rule once = without_repeats(rule);
    if (std::ranges::none_of(held, [&](const Rule& one) { return covers_whole(one, once); })) out.push_back(std::move(once));
  }
  return out;
}

size_t count_pieces(const RuleList& rules) {
  size_t pieces = 0;
  for (const Rule& rule : rules) {
    const size_t objects = product(product(rule.groups.size(), rule.resources.size()), std::max<size_t>(rule.names.size(), 1));
    pieces = sum(pieces, product(rule.verbs.size(), sum(objects, rule.urls.size())));
  }
  return pieces;
}

RuleList missing(const RuleList& held, const RuleList& wanted) {
  RuleList out;
  for (const Rule& rule : wanted) {
    each_piece(rule, [&](Rule piece) {
      if (std::ranges::none_of(held, [&](const Rule& one) { return covers(one, piece); })) out.push_back(std::move(piece));
    });
  }
  return out;
}

RuleList compact(const RuleList& pieces) {
  RuleList out;
  std::map<std::tuple<std::string, std::string, Texts>, size_t> places;
  for (const Rule& piece : pieces) {
    if (!piece.urls.empty()) {
      out.push_back(piece);
      continue;
    }
    const auto [place, is_new] = places.try_emplace({piece.groups[0], piece.resources[0], piece.names}, out.size());
    if (is_new) {
      out.push_back(piece);
    } else {
      out[place->second].verbs.push_back(piece.verbs[0]);
    }
  }
  return out;
}

std::string describe(const Rule& rule) {
  std::string out = "{";
  show("APIGroups", rule.groups, out);
  show("Resources", rule.resources, out);
  show("NonResourceURLs", rule.urls, out);
  show("ResourceNames", rule.names, out);
  show("Verbs", rule.verbs, out);
  return out + "}";
}

RuleIndex::RuleIndex(RuleList rules) : rules_(std::move(rules)) {
  for (size_t i = 0; i < rules_.size(); ++i) {
    for (const std::string& resource : rules_[i].resources) by_resource_[resource].push_back(i);
    if (!rules_[i].urls.empty()) with_urls_.push_back(i);
  }
}

const Rule* RuleIndex::find_among(std::string_view resource, const Attributes& attributes) const {
  const auto found = by_resource_.find(resource);
  if (found == by_resource_.end()) return nullptr;
  for (const size_t i : found->second) {
    if (permits_otherwise(rules_[i], attributes)) return &rules_[i];
  }
  return nullptr;
}

const Rule* RuleIndex::find(const Attributes& attributes) const {
  if (!attributes.is_resource) {
    for (const size_t i : with_urls_) {
      if (permits(rules_[i], attributes)) return &rules_[i];
    }
    return nullptr;
  }
  if (const Rule* rule = find_among(combined(attributes), attributes)) return rule;
  if (const Rule* rule = find_among("*", attributes)) return rule;
  return attributes.subresource.empty() ? nullptr : find_among("*/" + std::string(attributes.subresource), attributes);
}

}  // namespace stint::rbac
