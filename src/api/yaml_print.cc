#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "api/json.h"
#include "api/utf8.h"
#include "api/yaml_scalar.h"

namespace stint::json {
namespace {

bool is_printable(std::string_view text) {
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    if (length == 0 || text[0] == '\r' || !is_yaml_character(utf8_code_point(text, length))) return false;
    if (text.starts_with("\xEF\xBB\xBF") || text.starts_with("\u2028") || text.starts_with("\u2029") || text.starts_with("\u0085"))
      return false;
    text.remove_prefix(length);
  }
  return true;
}

// True if the text without quotes would still be this string.
bool can_be_plain(std::string_view text) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ') return false;
  if (text.starts_with("---") || text.starts_with("...")) return false;
  constexpr std::string_view kIndicators = "#,[]{}&*!|>'\"%@`";
  if (kIndicators.find(text[0]) != std::string_view::npos) return false;
  const bool first_stands_alone = text.size() == 1 || text[1] == ' ' || text[1] == '\t';
  if ((text[0] == '-' || text[0] == '?' || text[0] == ':') && first_stands_alone) return false;
  if (text.back() == ':' || text.find(": ") != std::string_view::npos || text.find(" #") != std::string_view::npos) return false;
  if (text.find_first_of("\n\t") != std::string_view::npos) return false;
  return true;
}

// 1:30 is a number to older readers.
bool is_base60(std::string_view text) {
  if (text.find(':') == std::string_view::npos || text.empty()) return false;
  if (text[0] == '-' || text[0] == '+') text.remove_prefix(1);
  return !text.empty() && text[0] >= '0' && text[0] <= '9' && text.find_first_not_of("0123456789_:.") == std::string_view::npos;
}

bool means_itself(std::string_view text) {
  if (text == "<<") return false;  // as a key it would merge what it holds into the object around it
  const std::optional<Value> value = resolve_plain(text);
  return value && value->is_string() && !is_base60(text);
}

// 2006-01-02…: a timestamp to readers that know the type.
bool looks_like_date(std::string_view text) {
  if (text.size() < 8 || text[4] != '-') return false;
  return text.substr(0, 4).find_first_not_of("0123456789") == std::string_view::npos;
}

constexpr size_t kWidth = 80;
// Readers look for the colon of a key within 1,024 characters, escapes included; a longer key is written behind a question mark, as
// upstream does.
constexpr size_t kKeyBesideValueBytesMax = 128;
constexpr int kNoBreaks = 0;  // the indent of a key; what stands in the lines of a value is indented

bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

class Printer {
 public:
  std::string take() { return std::move(out_); }

  // A value after "key:" or at the start of a document.
  void print(const Value& value, int indent, bool after_key) {
    if (value.is_object() && !value.as_object().empty()) {
      if (after_key) out_ += '\n';
      object(value.as_object(), indent);
    } else if (value.is_array() && !value.as_array().empty()) {
      if (after_key) out_ += '\n';
      array(value.as_array(), after_key ? indent - 2 : indent);  // a list stands under its key, not deeper
    } else {
      if (after_key) out_ += ' ';
      leaf(value, indent);
      out_ += '\n';
    }
  }

 private:
  void pad(int indent) {
    if (is_line_open_) {
      is_line_open_ = false;  // the "- " before is the padding
    } else {
      out_.append(static_cast<size_t>(indent), ' ');
    }
  }

  void object(const Members& members, int indent) {
    std::vector<const Members::value_type*> order;
    for (const auto& member : members) order.push_back(&member);
    std::ranges::sort(order, {}, [](const auto* member) -> const std::string& { return member->first; });
    for (const auto* member : order) {
      pad(indent);
      if (member->first.size() > kKeyBesideValueBytesMax) {
        out_ += "? ";
        key(member->first);
        out_ += '\n';
        pad(indent);
        out_ += ": ";
        beside(member->second, indent + 2);
      } else {
        key(member->first);
        out_ += ':';
        print(member->second, indent + 2, true);
      }
    }
  }

  void array(const Array& elements, int indent) {
    for (const Value& element : elements) {
      pad(indent);
      out_ += "- ";
      beside(element, indent + 2);
    }
  }

  // A value that begins on the line of the "- " or ": " before it.
  void beside(const Value& value, int indent) {
    is_line_open_ = true;
    if (value.is_object() && !value.as_object().empty()) {
      object(value.as_object(), indent);
    } else if (value.is_array() && !value.as_array().empty()) {
      array(value.as_array(), indent);
    } else {
      is_line_open_ = false;
      leaf(value, indent);
      out_ += '\n';
    }
  }

  void key(const std::string& text) {
    if (text.find('\n') != std::string::npos) {
      double_quoted(text, kNoBreaks);
    } else {
      string(text, kNoBreaks);
    }
  }

  void leaf(const Value& value, int indent) {
    if (value.is_string()) {
      string(value.as_string(), indent);
    } else {
      append_text(value, out_);  // {} and [] too
    }
  }

  void string(const std::string& text, int indent) {
    if (!is_printable(text) || text.find('\t') != std::string::npos) {
      double_quoted(text, indent);
    } else if (text.find('\n') != std::string::npos) {
      lines(text, indent);
    } else if (!means_itself(text) || looks_like_date(text)) {
      out_.append("\"").append(escaped(text)) += '"';
    } else if (can_be_plain(text)) {
      folded(text, 0, indent);
    } else {
      single_quoted(text, indent);
    }
  }

  // What stands between quotes, or without any: a line is broken at the first space past the width. An escaped text, which stands in
  // `quotes` of its own, is broken before several spaces too.
  void folded(std::string_view text, size_t quotes, int indent) {
    const size_t line = out_.rfind('\n') + 1;  // 0 in the first one
    auto column = static_cast<size_t>(std::count_if(out_.begin() + static_cast<std::ptrdiff_t>(line), out_.end(), starts_character));
    for (size_t i = 0; i < text.size(); ++i) {
      const bool is_inside = i > quotes && i + quotes + 1 < text.size();
      const bool is_first_space = text[i] == ' ' && is_inside && text[i - 1] != ' ';
      const bool more_follow = is_inside && text[i + 1] == ' ';
      if (is_first_space && indent != kNoBreaks && column > kWidth && (quotes > 0 || !more_follow)) {
        out_.append("\n").append(static_cast<size_t>(indent), ' ').append(more_follow ? "\\" : "");
        column = static_cast<size_t>(indent) + (more_follow ? 1 : 0);
      } else {
        out_ += text[i];
        column += starts_character(text[i]) ? 1 : 0;
      }
    }
  }

  // Text that resolves to something else holds neither quotes nor backslashes, but a date may.
  static std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    return out;
  }

  // As JSON quotes it, and what may not stand in YAML at all as an escape too.
  void double_quoted(const std::string& text, int indent) {
    std::string quoted, written;
    append_quoted(text, quoted);
    std::string_view rest = quoted;
    while (!rest.empty()) {
      const size_t length = std::max<size_t>(utf8_length(rest), 1);
      const uint32_t code = utf8_code_point(rest, length);
      if (is_yaml_character(code)) {
        written.append(rest.substr(0, length));
      } else {
        fmt::format_to(std::back_inserter(written), "\\u{:04x}", code);  // none is above U+FFFF
      }
      rest.remove_prefix(length);
    }
    folded(written, 1, indent);
  }

  void single_quoted(const std::string& text, int indent) {
    std::string doubled;
    for (const char c : text) {
      doubled += c;
      if (c == '\'') doubled += c;
    }
    out_ += '\'';
    folded(doubled, 0, indent);
    out_ += '\'';
  }

  // A literal block: `|`, with `-` if no line end closes the text and `+` if several do.
  void lines(const std::string& text, int indent) {
    const bool ends = text.back() == '\n';
    const bool ends_twice = ends && (text.size() == 1 || text[text.size() - 2] == '\n');
    out_ += '|';
    if (text[0] == ' ' || text[0] == '\n') out_ += '2';
    out_ += ends_twice ? "+" : ends ? "" : "-";
    std::string_view rest = ends ? std::string_view(text).substr(0, text.size() - 1) : std::string_view(text);
    while (true) {
      const size_t end = rest.find('\n');
      const std::string_view line = rest.substr(0, end);
      out_ += '\n';
      if (!line.empty()) out_.append(static_cast<size_t>(std::max(indent, 2)), ' ').append(line);
      if (end == std::string_view::npos) break;
      rest.remove_prefix(end + 1);
    }
  }

  std::string out_;
  bool is_line_open_ = false;
};

}  // namespace

std::string to_yaml(const Value& value) {
  Printer printer;
  printer.print(value, 0, false);
  return printer.take();
}

}  // namespace stint::json
