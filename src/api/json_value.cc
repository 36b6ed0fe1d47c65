#include <algorithm>
#include <charconv>
#include <cmath>

#include "api/json.h"
#include "api/json_members.h"

namespace stint::json {
namespace {

// The position of each member, ordered by key.
std::vector<const std::pair<std::string, Value>*> sorted(const Members& members) {
  std::vector<const std::pair<std::string, Value>*> order;
  order.reserve(members.size());
  for (const auto& member : members) order.push_back(&member);
  std::ranges::sort(order, {}, [](const auto* member) -> const std::string& { return member->first; });
  return order;
}

bool equal_members(const Members& a, const Members& b) {
  if (a.size() != b.size()) return false;
  return std::ranges::equal(sorted(a), sorted(b),
                            [](const auto* x, const auto* y) { return x->first == y->first && x->second == y->second; });
}

// Go's shortest form: plain digits between 1e-6 and 1e21, else an exponent without leading zeros.
void append_double(double value, std::string& out) {
  if (!std::isfinite(value)) {  // JSON has no such number
    out += "null";
    return;
  }
  const double size = std::fabs(value);
  const bool plain = size == 0 || (size >= 1e-6 && size < 1e21);
  char buffer[400];
  const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, format).ptr;
  std::string_view text(buffer, static_cast<size_t>(end - buffer));
  const size_t exponent = plain ? std::string_view::npos : text.find("e-0");
  if (exponent == std::string_view::npos) {
    out += text;
  } else {  // 1e-07 is written 1e-7
    out.append(text.substr(0, exponent + 2)).append(text.substr(exponent + 3));
  }
}

class Printer {
 public:
  Printer(int indent_spaces, std::string& out) : indent_(indent_spaces), out_(out) {}

  void print(const Value& value, int level) {
    if (value.is_object()) {
      out_ += '{';
      for (bool first = true; const auto& [key, member] : value.as_object()) {
        next(first, level);
        append_quoted(key, out_);
        out_ += indent_ > 0 ? ": " : ":";
        print(member, level + 1);
      }
      close('}', value.as_object().empty(), level);
    } else if (value.is_array()) {
      out_ += '[';
      for (bool first = true; const Value& element : value.as_array()) {
        next(first, level);
        print(element, level + 1);
      }
      close(']', value.as_array().empty(), level);
    } else {
      scalar(value);
    }
  }

 private:
  void next(bool& first, int level) {
    if (!first) out_ += ',';
    first = false;
    line(level + 1);
  }
  void close(char bracket, bool empty, int level) {
    if (!empty) line(level);
    out_ += bracket;
  }
  void line(int level) {
    if (indent_ > 0) out_.append("\n").append(static_cast<size_t>(level * indent_), ' ');
  }
  void scalar(const Value& value) {
    if (value.is_string()) {
      append_quoted(value.as_string(), out_);
    } else if (value.is_bool()) {
      out_ += value.as_bool() ? "true" : "false";
    } else if (value.is_int()) {
      out_ += std::to_string(value.as_int());
    } else if (value.is_double()) {
      append_double(value.as_double(), out_);
    } else {
      out_ += "null";
    }
  }

  int indent_;
  std::string& out_;
};

}  // namespace

void sort_members(Members& members) {
  const auto key = [](const auto& member) -> const std::string& { return member.first; };
  if (!std::ranges::is_sorted(members, {}, key)) std::ranges::sort(members, {}, key);
}

Value* Members::find(std::string_view key) {
  const auto it = std::ranges::find(*this, key, &value_type::first);
  return it == end() ? nullptr : &it->second;
}

const Value* Members::find(std::string_view key) const { return const_cast<Members*>(this)->find(key); }

Value& Members::operator[](std::string_view key) {
  if (Value* found = find(key)) return *found;
  return emplace_back(std::string(key), Value()).second;
}

bool Members::erase_key(std::string_view key) {
  const auto it = std::ranges::find(*this, key, &value_type::first);
  if (it == end()) return false;
  erase(it);
  return true;
}

const Value* Value::find(std::string_view key) const { return is_object() ? as_object().find(key) : nullptr; }
Value* Value::find(std::string_view key) { return is_object() ? as_object().find(key) : nullptr; }

std::string_view Value::string_at(std::string_view key) const {
  const Value* found = find(key);
  return found != nullptr && found->is_string() ? std::string_view(found->as_string()) : std::string_view();
}

bool Value::operator==(const Value& other) const {
  if (is_object() && other.is_object()) return equal_members(as_object(), other.as_object());
  if (is_number() && other.is_number() && is_int() != other.is_int()) return as_double() == other.as_double();
  return data_ == other.data_;
}

Value* MemberIndex::find(std::string_view key) {
  if (members_.size() <= kLinearMax) return members_.find(key);
  index_new();
  const auto it = positions_.find(key);
  return it == positions_.end() ? nullptr : &members_.at(it->second).second;
}

Value& MemberIndex::add(std::string key, Value value) { return members_.emplace_back(std::move(key), std::move(value)).second; }

void MemberIndex::index_new() {
  for (; indexed_ < members_.size(); ++indexed_) positions_.emplace(members_.at(indexed_).first, indexed_);
}

void append_text(const Value& value, std::string& out) { Printer(0, out).print(value, 0); }

std::string to_text(const Value& value) {
  std::string out;
  append_text(value, out);
  return out;
}

std::string to_text(const Value& value, int indent_spaces) {
  std::string out;
  Printer(indent_spaces, out).print(value, 0);
  return out;
}

}  // namespace stint::json
