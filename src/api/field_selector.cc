#include <algorithm>

#include "api/go_quote.h"
#include "api/selector.h"

namespace stint {
namespace {

constexpr std::string_view kName = "metadata.name";
constexpr std::string_view kNamespace = "metadata.namespace";

std::string read_name(const Message& object) { return meta(object).name(); }
std::string read_namespace(const Message& object) { return meta(object).namespace_(); }

// Terms stand between commas that no backslash precedes.
std::vector<std::string_view> split_terms(std::string_view text) {
  std::vector<std::string_view> terms;
  size_t start = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '\\') {
      ++i;
    } else if (i >= text.size() || text[i] == ',') {
      if (i > start) terms.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  if (start < text.size()) terms.push_back(text.substr(start));  // it ends in a backslash
  return terms;
}

struct SplitTerm {
  std::string field;
  std::string_view value;  // still escaped
  bool equals = true;
};

// At the first operator; a field's name knows no escapes.
std::optional<SplitTerm> split_term(std::string_view term) {
  for (size_t i = 0; i < term.size(); ++i) {
    const std::string_view rest = term.substr(i);
    const std::string field(term.substr(0, i));
    if (rest.starts_with("!=")) return SplitTerm{field, rest.substr(2), false};
    if (rest.starts_with("==")) return SplitTerm{field, rest.substr(2), true};
    if (rest.starts_with("=")) return SplitTerm{field, rest.substr(1), true};
  }
  return std::nullopt;
}

Result<std::string> unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ',' || text[i] == '=') {
      return fail(Reason::kBadRequest,
                  "invalid field selector: unescaped character in value: " + std::to_string(static_cast<int>(text[i])));
    }
    if (text[i] == '\\') {
      ++i;
      if (i >= text.size() || std::string_view("\\,=").find(text[i]) == std::string_view::npos) {
        return fail(Reason::kBadRequest, "invalid field selector: invalid escape sequence: " + std::string(text.substr(i - 1, 2)));
      }
    }
    out += text[i];
  }
  return out;
}

// Upstream's conversion functions differ in their words.
std::unexpected<Error> unknown_field(const std::string& field, const Kind& kind) {
  if (kind.kind == "Job") return fail(Reason::kBadRequest, "field label " + go_quoted(field) + " not supported for Job");
  const bool has_own_fields = kind.rules != nullptr && !kind.rules->fields.empty();
  if (has_own_fields) return fail(Reason::kBadRequest, "field label not supported: " + field);
  return fail(Reason::kBadRequest, go_quoted(field) + R"( is not a known field selector: only "metadata.name", "metadata.namespace")");
}

using Reader = std::string (*)(const Message& object);

Reader reader_of(std::string_view field, const Kind& kind) {
  const bool has_own_fields = kind.rules != nullptr && !kind.rules->fields.empty();
  if (field == kName) return read_name;
  // Cluster-scoped kinds with fields of their own (Namespace, Node) refuse the namespace.
  if (field == kNamespace && (kind.namespaced || !has_own_fields)) return read_namespace;
  if (!has_own_fields) return nullptr;
  for (const SelectableField& selectable : kind.rules->fields) {
    if (selectable.name == field) return selectable.read;
  }
  return nullptr;
}

}  // namespace

Result<FieldSelector> FieldSelector::parse(std::string_view text, const Kind& kind) {
  FieldSelector selector;
  for (const std::string_view term : split_terms(text)) {
    std::optional<SplitTerm> split = split_term(term);
    if (!split) {
      return fail(Reason::kBadRequest, "invalid selector: '" + std::string(text) + "'; can't understand '" + std::string(term) + "'");
    }
    TRY(std::string value, unescape(split->value));
    const Reader read = reader_of(split->field, kind);
    if (read == nullptr) return unknown_field(split->field, kind);
    selector.terms_.push_back({.field = std::move(split->field), .read = read, .value = std::move(value), .equals = split->equals});
  }
  return selector;
}

bool FieldSelector::matches(const Message& object) const {
  return std::ranges::all_of(terms_, [&](const Term& term) { return (term.read(object) == term.value) == term.equals; });
}

std::string_view FieldSelector::name() const {
  for (const Term& term : terms_) {
    if (term.field == kName && term.equals) return term.value;
  }
  return "";
}

}  // namespace stint
