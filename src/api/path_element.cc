#include <charconv>

#include "api/field_set.h"
#include "api/go_quote.h"
#include "api/json.h"

namespace stint {
namespace {

// Takes one token off canonical JSON: a string with its quotes, a number, a word, or a whole object or array.
std::string_view take_token(std::string_view& rest) {
  size_t end = 0;
  int depth = 0;
  bool in_string = false;
  for (; end < rest.size(); ++end) {
    const char c = rest[end];
    if (in_string) {
      if (c == '\\') ++end;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (depth == 0 && (c == ',' || c == ':' || c == '}' || c == ']')) {
      break;
    } else {
      depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
    }
  }
  const std::string_view token = rest.substr(0, end);
  rest.remove_prefix(std::min(end, rest.size()));
  return token;
}

std::string unquoted(std::string_view token) {
  if (token.size() < 2) return "";
  if (token.find('\\') == token.npos) return std::string(token.substr(1, token.size() - 2));
  const Result<json::Value> value = json::parse(token);
  return value && value->is_string() ? value->as_string() : "";
}

std::weak_ordering compare_strings(std::string_view a, std::string_view b) {
  if (a.find('\\') == a.npos && b.find('\\') == b.npos) return a.substr(0, a.size() - 1) <=> b.substr(0, b.size() - 1);
  return unquoted(a) <=> unquoted(b);
}

// Numbers, strings, booleans, the rest.
int rank(std::string_view token) {
  switch (token.empty() ? 'n' : token[0]) {
    case '"':
      return 1;
    case 't':
    case 'f':
      return 2;
    case 'n':
    case '[':
    case '{':
      return 3;
    default:
      return 0;
  }
}

double number(std::string_view token) {
  double value = 0;
  std::from_chars(token.data(), token.data() + token.size(), value);
  return value;
}

std::weak_ordering compare_scalars(std::string_view a, std::string_view b) {
  if (rank(a) != rank(b)) return rank(a) <=> rank(b);
  if (rank(a) == 1) return compare_strings(a, b);
  if (rank(a) > 0) return a <=> b;  // false before true
  if (number(a) == number(b)) return a <=> b;
  return number(a) < number(b) ? std::weak_ordering::less : std::weak_ordering::greater;
}

// {"a":1,"b":"x"}: name, value, name, value.
std::weak_ordering compare_keys(std::string_view a, std::string_view b) {
  for (bool is_name = true;; is_name = !is_name) {
    a.remove_prefix(std::min<size_t>(1, a.size()));
    b.remove_prefix(std::min<size_t>(1, b.size()));
    if (a.empty() || b.empty()) return a.size() <=> b.size();
    const std::string_view x = take_token(a), y = take_token(b);
    if (x == y) continue;
    if (x.empty() || y.empty()) return x.size() <=> y.size();
    return is_name ? compare_strings(x, y) : compare_scalars(x, y);
  }
}

std::string shown_scalar(std::string_view token) { return rank(token) == 1 ? go_quoted(unquoted(token)) : std::string(token); }

std::string shown_key(std::string_view rest) {
  std::string out;
  while (rest.size() > 1) {
    out += out.empty() ? '[' : ',';
    rest.remove_prefix(1);
    out.append(unquoted(take_token(rest))) += '=';
    rest.remove_prefix(std::min<size_t>(1, rest.size()));
    out += shown_scalar(take_token(rest));
  }
  return out + ']';
}

}  // namespace

std::weak_ordering PathElement::operator<=>(const PathElement& other) const {
  if (type != other.type) return type <=> other.type;
  if (text == other.text) return std::weak_ordering::equivalent;
  switch (type) {
    case Type::kField:
      return text <=> other.text;
    case Type::kKey:
      return compare_keys(text, other.text);
    case Type::kValue:
    case Type::kIndex:
      return compare_scalars(text, other.text);
  }
  std::unreachable();
}

std::string PathElement::shown() const {
  switch (type) {
    case Type::kField:
      return "." + text;
    case Type::kKey:
      return text == "{}" ? "[]" : shown_key(text);
    case Type::kValue:
      return "[=" + shown_scalar(text) + "]";
    case Type::kIndex:
      return "[" + text + "]";
  }
  std::unreachable();
}

std::string shown(std::span<const PathElement> path) {
  std::string out;
  for (const PathElement& element : path) out += element.shown();
  return out;
}

}  // namespace stint
