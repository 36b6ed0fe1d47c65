#include <algorithm>
#include <charconv>
#include <optional>

#include "api/go_quote.h"
#include "api/names.h"
#include "api/selector.h"

namespace stint {
namespace {

enum class Token {
  kError,
  kEnd,
  kClose,
  kComma,
  kNot,
  kDoubleEquals,
  kEquals,
  kGreater,
  kIdentifier,
  kIn,
  kLess,
  kNotEquals,
  kNotIn,
  kOpen,
};

struct Lexeme {
  Token token = Token::kEnd;
  std::string text;
};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_symbol(char c) { return std::string_view("=!(),><").find(c) != std::string_view::npos; }

Lexeme read_symbol(std::string_view& rest) {
  constexpr std::pair<std::string_view, Token> kSymbols[] = {{"==", Token::kDoubleEquals}, {"!=", Token::kNotEquals}, {"=", Token::kEquals},
                                                             {"!", Token::kNot},           {"(", Token::kOpen},       {")", Token::kClose},
                                                             {",", Token::kComma},         {">", Token::kGreater},    {"<", Token::kLess}};
  for (const auto& [text, token] : kSymbols) {
    if (!rest.starts_with(text)) continue;
    rest.remove_prefix(text.size());
    return {token, std::string(text)};
  }
  return {Token::kError, std::string(rest)};  // not reached: each symbol stands in the list
}

Lexeme read_word(std::string_view& rest) {
  size_t length = 0;
  while (length < rest.size() && !is_symbol(rest[length]) && !is_space(rest[length])) ++length;
  Lexeme word{Token::kIdentifier, std::string(rest.substr(0, length))};
  rest.remove_prefix(length);
  if (word.text == "in") word.token = Token::kIn;
  if (word.text == "notin") word.token = Token::kNotIn;
  return word;
}

// Ends with kEnd.
std::vector<Lexeme> scan(std::string_view text) {
  std::vector<Lexeme> lexemes;
  while (true) {
    while (!text.empty() && is_space(text[0])) text.remove_prefix(1);
    if (text.empty()) break;
    lexemes.push_back(is_symbol(text[0]) ? read_symbol(text) : read_word(text));
  }
  lexemes.emplace_back();
  return lexemes;
}

// One requirement as it was written; "in" and "notin" are words wherever no operator may stand.
struct Written {
  std::string key;
  Token op = Token::kError;  // kIdentifier: the key alone
  std::vector<std::string> values;
};

std::unexpected<Error> expected(const Lexeme& found, std::string_view what) {
  return fail(Reason::kBadRequest, "found '" + found.text + "', expected: " + std::string(what));
}

std::string joined(const Faults& faults) {
  std::string text;
  for (const std::string& fault : faults) text += (text.empty() ? "" : "; ") + fault;
  return text;
}

Result<void> check_key(const std::string& key) {
  const Faults faults = qualified_name_faults(key);
  if (faults.empty()) return {};
  return fail(Reason::kBadRequest, "<nil>: Invalid value: " + go_quoted(key) + ": " + joined(faults));
}

std::optional<int64_t> integer(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<void> check_values(const Written& written) {
  const bool compares = written.op == Token::kGreater || written.op == Token::kLess;
  for (size_t i = 0; i < written.values.size(); ++i) {
    const std::string& value = written.values[i];
    const std::string at = "values[" + std::to_string(i) + "]";
    if (compares && !integer(value)) {
      return fail(Reason::kBadRequest,
                  at + ": Invalid value: " + go_quoted(value) + ": for 'Gt', 'Lt' operators, the value must be an integer");
    }
    if (const Faults faults = label_value_faults(value); !faults.empty()) {
      return fail(Reason::kBadRequest, at + "[" + written.key + "]: Invalid value: " + go_quoted(value) + ": " + joined(faults));
    }
  }
  return {};
}

class SelectorParser {
 public:
  explicit SelectorParser(std::string_view text) : lexemes_(scan(text)) {}

  Result<std::vector<Written>> parse() {
    std::vector<Written> requirements;
    while (true) {
      if (next().token == Token::kEnd) return requirements;
      if (!starts_requirement()) return expected(next(), "!, identifier, or 'end of string'");
      Result<Written> written = requirement();
      if (!written) return fail(Reason::kBadRequest, "unable to parse requirement: " + written.error().message);
      requirements.push_back(*std::move(written));
      const Lexeme& separator = take();
      if (separator.token == Token::kEnd) return requirements;
      if (separator.token != Token::kComma) return expected(separator, "',' or 'end of string'");
      if (!starts_requirement()) return expected(next(), "identifier after ','");
    }
  }

 private:
  const Lexeme& next() const { return lexemes_[at_]; }
  // The end is taken once at most, by whoever returns then.
  const Lexeme& take() { return lexemes_[at_ + 1 < lexemes_.size() ? at_++ : at_]; }
  static bool is_word(const Lexeme& lexeme) {
    return lexeme.token == Token::kIdentifier || lexeme.token == Token::kIn || lexeme.token == Token::kNotIn;
  }
  bool starts_requirement() const { return is_word(next()) || next().token == Token::kNot; }
  bool at_end_of_requirement() const { return next().token == Token::kEnd || next().token == Token::kComma; }

  Result<Written> requirement() {
    Written written;
    const bool negated = next().token == Token::kNot;
    if (negated) take();
    const Lexeme& key = take();
    if (!is_word(key)) return expected(key, "identifier");
    TRY_VOID(check_key(key.text));
    written.key = key.text;
    written.op = negated ? Token::kNot : Token::kIdentifier;
    if (negated || at_end_of_requirement()) return written;
    TRY_VOID(operation(written));
    std::ranges::sort(written.values);
    written.values.erase(std::ranges::unique(written.values).begin(), written.values.end());
    TRY_VOID(check_values(written));
    return written;
  }

  Result<void> operation(Written& written) {
    const Lexeme& op = take();
    written.op = op.token;
    switch (op.token) {
      case Token::kIn:
      case Token::kNotIn:
        return values(written.values);
      case Token::kEquals:
      case Token::kDoubleEquals:
      case Token::kNotEquals:
      case Token::kGreater:
      case Token::kLess:
        return exact_value(written.values);
      default:
        return expected(op, "in, notin, =, ==, !=, gt, lt");
    }
  }

  Result<void> exact_value(std::vector<std::string>& values) {
    if (at_end_of_requirement()) {
      values.emplace_back();
      return {};
    }
    const Lexeme& value = take();
    if (!is_word(value)) return expected(value, "identifier");
    values.push_back(value.text);
    return {};
  }

  // "(a,b)". Where a value is missing between commas or parentheses it is the empty one.
  Result<void> values(std::vector<std::string>& values) {
    const Lexeme& open = take();
    if (open.token != Token::kOpen) return fail(Reason::kBadRequest, "found '" + open.text + "' expected: '('");
    if (next().token == Token::kClose) values.emplace_back();
    if (!is_word(next()) && next().token != Token::kComma && next().token != Token::kClose) {
      return expected(next(), "',', ')' or identifier");
    }
    while (next().token != Token::kClose) TRY_VOID(listed_value(values));
    take();
    return {};
  }

  // A value, or the comma behind one.
  Result<void> listed_value(std::vector<std::string>& values) {
    const Lexeme& lexeme = take();
    const bool ends = next().token == Token::kComma || next().token == Token::kClose;
    if (is_word(lexeme)) {
      values.push_back(lexeme.text);
      return ends ? Result<void>() : expected(next(), "',' or ')'");
    }
    if (lexeme.token != Token::kComma) return expected(lexeme, "',', or identifier");
    if (values.empty() || ends) values.emplace_back();
    return {};
  }

  std::vector<Lexeme> lexemes_;
  size_t at_ = 0;
};

}  // namespace

Result<LabelSelector> LabelSelector::parse(std::string_view text) {
  TRY(std::vector<Written> all, SelectorParser(text).parse());
  LabelSelector selector;
  for (Written& written : all) {
    Requirement requirement{.key = std::move(written.key), .op = Operator::kExists, .values = std::move(written.values)};
    switch (written.op) {
      case Token::kEquals:
      case Token::kDoubleEquals:
        requirement.single_equals = true;
        [[fallthrough]];
      case Token::kIn:
        requirement.op = Operator::kIn;
        break;
      case Token::kNotEquals:
        requirement.single_equals = true;
        [[fallthrough]];
      case Token::kNotIn:
        requirement.op = Operator::kNotIn;
        break;
      case Token::kNot:
        requirement.op = Operator::kDoesNotExist;
        break;
      case Token::kGreater:
        requirement.op = Operator::kGreater;
        break;
      case Token::kLess:
        requirement.op = Operator::kLess;
        break;
      default:
        break;
    }
    selector.requirements_.push_back(std::move(requirement));
  }
  std::ranges::sort(selector.requirements_, {}, &Requirement::key);
  return selector;
}

Result<LabelSelector> LabelSelector::from(const metav1::LabelSelector& selector) {
  LabelSelector out;
  for (const auto& [key, value] : selector.matchlabels()) {
    out.requirements_.push_back({.key = key, .op = Operator::kIn, .values = {value}, .single_equals = true});
  }
  for (const metav1::LabelSelectorRequirement& expression : selector.matchexpressions()) {
    Requirement requirement{
        .key = expression.key(), .op = Operator::kIn, .values = {expression.values().begin(), expression.values().end()}};
    const bool is_set = expression.operator_() == "In" || expression.operator_() == "NotIn";
    if (expression.operator_() == "NotIn") {
      requirement.op = Operator::kNotIn;
    } else if (expression.operator_() == "Exists") {
      requirement.op = Operator::kExists;
    } else if (expression.operator_() == "DoesNotExist") {
      requirement.op = Operator::kDoesNotExist;
    } else if (expression.operator_() != "In") {
      return fail(Reason::kBadRequest, go_quoted(expression.operator_()) + " is not a valid label selector operator");
    }
    if (is_set && requirement.values.empty()) {
      return fail(Reason::kBadRequest, "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty");
    }
    if (!is_set && !requirement.values.empty()) {
      return fail(Reason::kBadRequest, "values: Invalid value: values set must be empty for exists and does not exist");
    }
    std::ranges::sort(requirement.values);
    out.requirements_.push_back(std::move(requirement));
  }
  std::ranges::sort(out.requirements_, {}, &Requirement::key);
  return out;
}

bool LabelSelector::matches(const Labels& labels) const {
  return std::ranges::all_of(requirements_, [&](const Requirement& requirement) {
    const auto it = labels.find(requirement.key);
    const bool exists = it != labels.end();
    const auto has_value = [&] { return std::ranges::binary_search(requirement.values, it->second); };
    const auto compare = [&](auto holds) {
      const std::optional<int64_t> value = exists ? integer(it->second) : std::nullopt;
      return value && holds(*value, *integer(requirement.values[0]));
    };
    switch (requirement.op) {
      case Operator::kIn:
        return exists && has_value();
      case Operator::kNotIn:
        return !exists || !has_value();
      case Operator::kExists:
        return exists;
      case Operator::kDoesNotExist:
        return !exists;
      case Operator::kGreater:
        return compare(std::greater<>());
      case Operator::kLess:
        return compare(std::less<>());
    }
    return false;
  });
}

std::string LabelSelector::to_string() const {
  std::string out;
  for (const Requirement& requirement : requirements_) {
    if (!out.empty()) out += ',';
    if (requirement.op == Operator::kDoesNotExist) out += '!';
    out += requirement.key;
    if (requirement.op == Operator::kExists || requirement.op == Operator::kDoesNotExist) continue;
    std::string values;
    for (const std::string& value : requirement.values) values.append(&value == requirement.values.data() ? "" : ",").append(value);
    const bool negative = requirement.op == Operator::kNotIn;
    if (requirement.op == Operator::kGreater || requirement.op == Operator::kLess) {
      out.append(requirement.op == Operator::kGreater ? ">" : "<").append(values);
    } else if (requirement.single_equals) {
      out.append(negative ? "!=" : "=").append(values);
    } else {
      out.append(negative ? " notin (" : " in (").append(values) += ')';
    }
  }
  return out;
}

}  // namespace stint
