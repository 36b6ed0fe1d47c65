#include <algorithm>
#include <charconv>
#include <functional>
#include <limits>

#include "api/go_quote.h"
#include "api/json.h"
#include "api/json_members.h"
#include "api/strict_path.h"
#include "api/utf8.h"

namespace stint::json {
namespace {

constexpr std::string_view kDuplicate = "duplicate field", kUnknown = "unknown field";

std::string shown(char c) { return c == '\'' ? R"('\'')" : c == '"' ? R"('"')" : "'" + std::string(1, c) + "'"; }

// Recursive descent; kDepthMax bounds the recursion.
class Parser {
 public:
  Parser(std::string_view text, std::vector<std::string>* duplicates) : text_(text), duplicates_(duplicates) {}
  // Told of each member, as it comes, where it stands.
  void on_member(std::function<void(const StrictPath&, std::string_view key)> told) { told_ = std::move(told); }

  Result<Value> document() {
    Value value;
    TRY_VOID(read(value, 0));
    skip_space();
    if (at_ < text_.size()) return unexpected("after top-level value");
    return value;
  }

 private:
  std::unexpected<Error> unexpected(std::string_view where) const {
    if (at_ >= text_.size()) return fail(Reason::kBadRequest, "unexpected end of JSON input");
    return fail(Reason::kBadRequest, "invalid character " + shown(text_[at_]) + " " + std::string(where));
  }

  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) ++at_;
  }
  bool consume(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool at_digit() const { return at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; }

  Result<void> read(Value& value, int depth) {
    if (depth > kDepthMax) return fail(Reason::kBadRequest, "exceeded max depth");
    skip_space();
    if (at_ >= text_.size()) return unexpected("");
    switch (text_[at_]) {
      case '{':
        return object(value, depth);
      case '[':
        return array(value, depth);
      case '"': {
        std::string text;
        TRY_VOID(string(text));
        value = Value(std::move(text));
        return {};
      }
      case 't':
        return word("true", Value(true), value);
      case 'f':
        return word("false", Value(false), value);
      case 'n':
        return word("null", Value(), value);
      default:
        return number(value);
    }
  }

  Result<void> word(std::string_view spelling, Value meaning, Value& value) {
    for (const char c : spelling) {
      if (!consume(c)) return unexpected("in literal " + std::string(spelling) + " (expecting " + shown(c) + ")");
    }
    value = std::move(meaning);
    return {};
  }

  Result<void> object(Value& value, int depth) {
    ++at_;
    Members members;
    MemberIndex index(members);
    skip_space();
    if (!consume('}')) {
      do {
        TRY_VOID(member(index, depth));
        skip_space();
      } while (consume(','));
      if (!consume('}')) return unexpected("after object key:value pair");
    }
    value = Value(std::move(members));
    return {};
  }

  Result<void> member(MemberIndex& index, int depth) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != '"') return unexpected("looking for beginning of object key string");
    std::string key;
    TRY_VOID(string(key));
    skip_space();
    if (!consume(':')) return unexpected("after object key");
    if (told_) told_(path_, key);
    Value* known = index.find(key);
    if (known != nullptr && duplicates_ != nullptr) path_.report(kDuplicate, key, *duplicates_);
    Value value;
    path_.push(key);
    TRY_VOID(read(value, depth + 1));
    path_.pop();
    if (known != nullptr) {
      *known = std::move(value);
    } else {
      index.add(std::move(key), std::move(value));
    }
    return {};
  }

  Result<void> array(Value& value, int depth) {
    ++at_;
    Array elements;
    skip_space();
    if (!consume(']')) {
      path_.push(size_t{0});
      do {
        path_.set_index(elements.size());
        Value element;
        TRY_VOID(read(element, depth + 1));
        elements.push_back(std::move(element));
        skip_space();
      } while (consume(','));
      path_.pop();
      if (!consume(']')) return unexpected("after array element");
    }
    value = Value(std::move(elements));
    return {};
  }

  Result<void> string(std::string& out) {
    ++at_;
    while (true) {
      const size_t start = at_;
      while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' && static_cast<unsigned char>(text_[at_]) >= 0x20 &&
             static_cast<unsigned char>(text_[at_]) < 0x80) {
        ++at_;
      }
      out += text_.substr(start, at_ - start);
      if (consume('"')) return {};
      if (at_ >= text_.size() || static_cast<unsigned char>(text_[at_]) < 0x20) return unexpected("in string literal");
      if (consume('\\')) {
        TRY_VOID(escape(out));
      } else {
        const size_t length = utf8_length(text_.substr(at_));
        out += length == 0 ? std::string_view("\uFFFD") : text_.substr(at_, length);
        at_ += length == 0 ? 1 : length;
      }
    }
  }

  Result<void> escape(std::string& out) {
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    if (consume('u')) {
      TRY(uint32_t code, hex4());
      append_utf8(joined(code), out);
      return {};
    }
    const size_t at = at_ < text_.size() ? kLetters.find(text_[at_]) : std::string_view::npos;
    if (at == std::string_view::npos) return unexpected("in string escape code");
    ++at_;
    out += kMeanings[at];
    return {};
  }

  Result<uint32_t> hex4() {
    uint32_t code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = at_ < text_.size() ? text_[at_] : '\0';
      const char lower = static_cast<char>(c | 0x20);
      if (c >= '0' && c <= '9') {
        code = code * 16 + static_cast<uint32_t>(c - '0');
      } else if (lower >= 'a' && lower <= 'f') {
        code = code * 16 + static_cast<uint32_t>(lower - 'a' + 10);
      } else {
        return unexpected("in \\u hexadecimal character escape");
      }
    }
    return code;
  }

  // A high surrogate with the low one that follows it; a lone one is U+FFFD.
  uint32_t joined(uint32_t code) {
    if (code < 0xD800 || code > 0xDFFF) return code;
    if (code <= 0xDBFF && text_.substr(at_).starts_with("\\u")) {
      const size_t before = at_;
      at_ += 2;
      const Result<uint32_t> low = hex4();
      if (low && *low >= 0xDC00 && *low <= 0xDFFF) return 0x10000 + ((code - 0xD800) << 10) + (*low - 0xDC00);
      at_ = before;
    }
    return 0xFFFD;
  }

  Result<void> number(Value& value) {
    const size_t start = at_;
    const bool negative = consume('-');
    if (!at_digit()) return unexpected(negative ? "in numeric literal" : "looking for beginning of value");
    if (!consume('0')) skip_digits();
    bool integral = true;
    if (consume('.')) {
      integral = false;
      if (!at_digit()) return unexpected("after decimal point in numeric literal");
      skip_digits();
    }
    if (at_ < text_.size() && (text_[at_] | 0x20) == 'e') {
      integral = false;
      ++at_;
      if (!consume('+')) consume('-');
      if (!at_digit()) return unexpected("in exponent of numeric literal");
      skip_digits();
    }
    return convert(text_.substr(start, at_ - start), integral, value);
  }
  void skip_digits() {
    while (at_digit()) ++at_;
  }

  static Result<void> convert(std::string_view literal, bool integral, Value& value) {
    const char* end = literal.data() + literal.size();
    int64_t whole = 0;
    if (integral && std::from_chars(literal.data(), end, whole).ec == std::errc()) {
      value = Value(whole);
      return {};
    }
    double real = 0;
    if (std::from_chars(literal.data(), end, real).ec != std::errc()) {
      return fail(Reason::kBadRequest, "json: cannot unmarshal number " + std::string(literal) + " into Go value of type float64");
    }
    value = Value(real);
    return {};
  }

  std::string_view text_;
  size_t at_ = 0;
  StrictPath path_;
  std::vector<std::string>* duplicates_;
  std::function<void(const StrictPath&, std::string_view)> told_;
};

// Where in the text each of some strict errors was made.
class ErrorPlaces {
 public:
  explicit ErrorPlaces(const std::vector<std::string>& errors) {
    for (const std::string& error : errors) places_.push_back({.error = error, .number = places_.size()});
  }

  void member(const StrictPath& path, std::string_view key) {
    ++members_;
    const std::string tail = go_quoted(key).substr(1);
    for (Place& place : places_) {
      if (place.at != kNowhere || budget_bytes_ < place.error.size() || !place.error.ends_with(tail)) continue;
      const bool is_duplicate = place.error.starts_with(kDuplicate);
      std::vector<std::string> here;
      path.report(is_duplicate ? kDuplicate : kUnknown, key, here);
      budget_bytes_ -= std::min(budget_bytes_, here[0].size());
      if (here[0] != place.error) continue;
      if (++place.seen == (is_duplicate ? 2 : 1)) place.at = members_;
    }
  }

  std::vector<std::string> in_order() && {
    std::ranges::sort(places_, {}, [](const Place& place) { return std::pair(place.at, place.number); });
    std::vector<std::string> errors;
    for (Place& place : places_) errors.push_back(std::move(place.error));
    return errors;
  }

 private:
  static constexpr size_t kNowhere = std::numeric_limits<size_t>::max();
  struct Place {
    std::string error;
    size_t number = 0;  // as given
    int seen = 0;
    size_t at = kNowhere;
  };
  std::vector<Place> places_;
  size_t members_ = 0;
  size_t budget_bytes_ = 16 * 1024 * 1024;  // of paths put together; past it the rest stays as it was
};

}  // namespace

void order_strict_errors(std::string_view text, std::vector<std::string>& errors) {
  const auto is_duplicate = [](const std::string& error) { return error.starts_with(kDuplicate); };
  if (std::ranges::none_of(errors, is_duplicate) || std::ranges::all_of(errors, is_duplicate)) return;
  ErrorPlaces places(errors);
  Parser parser(text, nullptr);
  parser.on_member([&places](const StrictPath& path, std::string_view key) { places.member(path, key); });
  if (parser.document()) errors = std::move(places).in_order();
}

Result<Value> parse(std::string_view text, std::vector<std::string>* duplicates, size_t bytes_max) {
  if (text.size() > bytes_max) {
    return fail(Reason::kRequestEntityTooLarge, "Request entity too large: limit is " + std::to_string(bytes_max));
  }
  return Parser(text, duplicates).document();
}

}  // namespace stint::json
