// The written form of field sets. Sets are read for every manager of an object at each write, so the usual texts (names and keys
// without escapes) are read without a detour over a document.
#include <algorithm>
#include <charconv>

#include "api/embedded_json.h"
#include "api/field_set.h"
#include "api/json.h"

namespace stint {
namespace {

using Type = PathElement::Type;

// Printable ASCII that stands for itself in canonical JSON.
bool is_plain(std::string_view text) {
  return std::ranges::all_of(text,
                             [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&'; });
}

// "text", for text without a quote.
bool is_plain_string(std::string_view text) {
  return text.size() >= 2 && text.front() == '"' && text.back() == '"' && is_plain(text.substr(1, text.size() - 2));
}

// {"name":"text"}, by far the most common key.
bool is_plain_key(std::string_view text) {
  if (!text.starts_with("{\"") || !text.ends_with('}')) return false;
  const size_t colon = text.find("\":");
  if (colon == text.npos) return false;
  return is_plain(text.substr(2, colon - 2)) && is_plain_string(text.substr(colon + 2, text.size() - colon - 3));
}

std::unexpected<Error> broken(std::string_view why) { return fail(Reason::kNone, std::string(why)); }

Result<std::string> canonical_key(std::string_view text) {
  if (is_plain_key(text)) return std::string(text);
  TRY(json::Value key, json::parse_embedded(text));
  if (!key.is_object()) return broken("a key is no object");
  std::ranges::sort(key.as_object(), {}, [](const auto& member) -> const std::string& { return member.first; });
  return to_text(key);
}

Result<std::string> canonical_value(std::string_view text) {
  if (is_plain_string(text)) return std::string(text);
  TRY(const json::Value value, json::parse_embedded(text));
  return to_text(value);
}

Result<std::string> canonical_index(std::string_view text) {
  int64_t index = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (error != std::errc() || end != text.data() + text.size()) return broken("an index is no number");
  return std::to_string(index);
}

// Whether the text after the two letters makes an element; nothing for a type that nobody knows yet.
Result<std::optional<PathElement>> read_element(std::string_view name) {
  if (name.size() < 2) return broken("key must be 2 characters long:");
  if (name[1] != ':') return broken("missing colon: " + std::string(name));
  const std::string_view rest = name.substr(2);
  switch (name[0]) {
    case 'f':
      return PathElement{Type::kField, std::string(rest)};
    case 'k': {
      TRY(std::string text, canonical_key(rest));
      return PathElement{Type::kKey, std::move(text)};
    }
    case 'v': {
      TRY(std::string text, canonical_value(rest));
      return PathElement{Type::kValue, std::move(text)};
    }
    case 'i': {
      TRY(std::string text, canonical_index(rest));
      return PathElement{Type::kIndex, std::move(text)};
    }
    default:
      return std::nullopt;
  }
}

// Sets are written in order; what somebody else wrote may not be, and may name an element twice.
void put_in_order(FieldSet& set) {
  std::vector<FieldSet::Node>& nodes = set.nodes;
  const auto is_out_of_order = [](const FieldSet::Node& a, const FieldSet::Node& b) { return a.element >= b.element; };
  if (std::ranges::adjacent_find(nodes, is_out_of_order) == nodes.end()) return;
  std::ranges::sort(nodes, [](const PathElement& a, const PathElement& b) { return a < b; }, &FieldSet::Node::element);
  size_t kept = 0;
  for (size_t i = 1; i < nodes.size(); ++i) {
    if (nodes[i].element == nodes[kept].element) {
      nodes[kept].is_member |= nodes[i].is_member;
      nodes[kept].below.add(nodes[i].below);
    } else if (++kept != i) {
      nodes[kept] = std::move(nodes[i]);
    }
  }
  nodes.resize(kept + 1);
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<FieldSet> document() {
    FieldSet set;
    bool is_member = false;
    TRY_VOID(object(set, is_member, 0));
    skip_space();
    if (at_ < text_.size()) return broken("unexpected trailing data after JSON object");
    return set;
  }

 private:
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) ++at_;
  }
  bool consume(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // `is_member`: the place itself is in the set, by "." or because nothing below it is.
  Result<void> object(FieldSet& set, bool& is_member, int depth) {
    if (depth > json::kDepthMax) return broken("exceeded max depth");
    is_member = false;
    if (text_.substr(at_).starts_with("null")) {
      at_ += 4;
    } else {
      if (!consume('{')) return broken("expect { or n");
      if (!consume('}')) {
        do {
          TRY_VOID(member(set, is_member, depth));
        } while (consume(','));
        if (!consume('}')) return broken("expect }");
      }
      put_in_order(set);
    }
    is_member |= set.empty();
    return {};
  }

  Result<void> member(FieldSet& set, bool& is_member, int depth) {
    TRY(const std::string_view name, string());
    if (!consume(':')) return broken("expect : after object field");
    skip_space();
    if (name == ".") {
      is_member = true;
      return skip_value(depth);
    }
    TRY(std::optional<PathElement> element, read_element(name));
    if (!element) return skip_value(depth);
    FieldSet below;
    bool child_is_member = false;
    TRY_VOID(object(below, child_is_member, depth + 1));
    set.nodes.push_back({std::move(*element), child_is_member, std::move(below)});
    return {};
  }

  // The content, in scratch_ where it had escapes: good until the next string is read.
  Result<std::string_view> string() {
    if (!consume('"')) return broken("expect \"");
    const size_t start = at_;
    bool has_escapes = false, is_ascii = true;
    for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      is_ascii &= static_cast<unsigned char>(text_[at_]) < 0x80;
      if (text_[at_] != '\\') continue;
      has_escapes = true;
      ++at_;
    }
    if (at_ >= text_.size()) return broken("unexpected end of JSON input");
    ++at_;
    if (is_ascii && !has_escapes) return text_.substr(start, at_ - 1 - start);
    if (is_ascii && unescape_plain(text_.substr(start, at_ - 1 - start))) return scratch_;
    TRY(const json::Value value, json::parse(text_.substr(start - 1, at_ - start + 1)));
    scratch_ = value.as_string();
    return scratch_;
  }

  // Keys have escaped quotes, and seldom any other escape.
  bool unescape_plain(std::string_view text) {
    scratch_.clear();
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\\' && (++i == text.size() || (text[i] != '"' && text[i] != '\\'))) return false;
      scratch_ += text[i];
    }
    return true;
  }

  Result<void> skip_value(int depth) {
    if (depth > json::kDepthMax) return broken("exceeded max depth");
    skip_space();
    if (at_ < text_.size() && text_[at_] == '"') {
      TRY_VOID(string());
      return {};
    }
    if (at_ < text_.size() && (text_[at_] == '{' || text_[at_] == '[')) return skip_container(depth);
    const size_t start = at_;
    while (at_ < text_.size() && std::string_view(",:{}[]\" \t\r\n").find(text_[at_]) == std::string_view::npos) ++at_;
    if (at_ == start) return broken("a value is missing");
    return {};
  }

  Result<void> skip_container(int depth) {
    const char close = text_[at_++] == '{' ? '}' : ']';
    if (consume(close)) return {};
    do {
      if (close == '}') {
        TRY_VOID(string());
        if (!consume(':')) return broken("expect : after object field");
      }
      TRY_VOID(skip_value(depth + 1));
    } while (consume(','));
    if (!consume(close)) return broken("a container is not closed");
    return {};
  }

  std::string_view text_;
  size_t at_ = 0;
  std::string scratch_;
};

void append_set(const FieldSet& set, bool with_self, std::string& out);

void append_element(const PathElement& element, std::string& out) {
  constexpr char kLetters[] = {'f', 'k', 'v', 'i'};
  const char letter = kLetters[static_cast<size_t>(element.type)];
  if (is_plain(element.text)) {
    out.append("\"") += letter;
    out.append(":").append(element.text) += '"';
  } else {
    json::append_quoted(std::string(1, letter) + ":" + element.text, out);
  }
}

void append_set(const FieldSet& set, bool with_self, std::string& out) {
  out += '{';
  if (with_self) out += "\".\":{}";
  for (bool first = !with_self; const FieldSet::Node& node : set.nodes) {
    if (!first) out += ',';
    first = false;
    append_element(node.element, out);
    out += ':';
    append_set(node.below, node.is_member && !node.below.empty(), out);
  }
  out += '}';
}

}  // namespace

Result<FieldSet> FieldSet::parse(std::string_view fields_v1) { return Reader(fields_v1).document(); }

std::string FieldSet::to_text() const {
  std::string out;
  append_set(*this, false, out);
  return out;
}

}  // namespace stint
