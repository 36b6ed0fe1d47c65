#include "base/unified_diff.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

namespace stint {
namespace {

using Lines = std::vector<std::string_view>;

constexpr size_t kContextLines = 3;
// In texts of so many lines those that come often, such as lone brackets, decide nothing.
constexpr size_t kPopularFromLines = 200;

Lines split(std::string_view text) {
  Lines lines;
  for (size_t end; (end = text.find('\n')) != text.npos; text.remove_prefix(end + 1)) lines.push_back(text.substr(0, end));
  lines.push_back(text);
  return lines;
}

struct Match {
  size_t a = 0;
  size_t b = 0;
  size_t size = 0;
};
struct Range {
  size_t a_begin, a_end, b_begin, b_end;
};

class Matcher {
 public:
  Matcher(const Lines& a, const Lines& b) : a_(a), b_(b) {
    for (size_t i = 0; i < b.size(); ++i) places_[b[i]].push_back(i);
    if (b.size() < kPopularFromLines) return;
    std::erase_if(places_, [&](const auto& entry) { return entry.second.size() > b.size() / 100 + 1; });
  }

  // In order, neighbours joined, ended by an empty one.
  std::vector<Match> matches() const {
    std::vector<Match> found;
    collect({0, a_.size(), 0, b_.size()}, found);
    std::vector<Match> joined;
    for (const Match& one : found) {
      if (!joined.empty() && joined.back().a + joined.back().size == one.a && joined.back().b + joined.back().size == one.b) {
        joined.back().size += one.size;
      } else {
        joined.push_back(one);
      }
    }
    joined.push_back({a_.size(), b_.size(), 0});
    return joined;
  }

 private:
  void collect(const Range& range, std::vector<Match>& found) const {
    const Match match = longest(range);
    if (match.size == 0) return;
    collect({range.a_begin, match.a, range.b_begin, match.b}, found);
    found.push_back(match);
    collect({match.a + match.size, range.a_end, match.b + match.size, range.b_end}, found);
  }

  // The longest run that both have; of several the first in a, then in b.
  Match longest(const Range& range) const {
    Match best{range.a_begin, range.b_begin, 0};
    std::unordered_map<size_t, size_t> lengths;  // of the run that ends at this line of b
    for (size_t i = range.a_begin; i < range.a_end; ++i) {
      std::unordered_map<size_t, size_t> next;
      const auto places = places_.find(a_[i]);
      if (places != places_.end()) {
        for (const size_t j : places->second) {
          if (j < range.b_begin) continue;
          if (j >= range.b_end) break;
          const auto before = j == 0 ? lengths.end() : lengths.find(j - 1);
          const size_t length = (before == lengths.end() ? 0 : before->second) + 1;
          next[j] = length;
          if (length > best.size) best = {i + 1 - length, j + 1 - length, length};
        }
      }
      lengths = std::move(next);
    }
    return grown(best, range);
  }

  // Lines that decided nothing are the same all the same.
  Match grown(Match match, const Range& range) const {
    while (match.a > range.a_begin && match.b > range.b_begin && a_[match.a - 1] == b_[match.b - 1]) {
      --match.a;
      --match.b;
      ++match.size;
    }
    while (match.a + match.size < range.a_end && match.b + match.size < range.b_end &&
           a_[match.a + match.size] == b_[match.b + match.size]) {
      ++match.size;
    }
    return match;
  }

  const Lines& a_;
  const Lines& b_;
  std::unordered_map<std::string_view, std::vector<size_t>> places_;
};

// Differences that are near enough to each other to share their context.
std::vector<std::vector<Range>> hunks(const std::vector<Match>& matches) {
  std::vector<std::vector<Range>> all;
  size_t a = 0, b = 0;
  for (const Match& match : matches) {
    const Range change{a, match.a, b, match.b};
    if (change.a_begin != change.a_end || change.b_begin != change.b_end) {
      const bool near = !all.empty() && change.a_begin - all.back().back().a_end <= 2 * kContextLines;
      if (!near) all.emplace_back();
      all.back().push_back(change);
    }
    a = match.a + match.size;
    b = match.b + match.size;
  }
  return all;
}

std::string range_text(size_t begin, size_t end) {
  const size_t length = end - begin;
  if (length == 1) return std::to_string(begin + 1);
  return std::to_string(length == 0 ? begin : begin + 1) + "," + std::to_string(length);
}

void append_lines(const Lines& lines, size_t begin, size_t end, char mark, std::string& out) {
  for (size_t i = begin; i < end; ++i) out.append(1, mark).append(lines[i]).append("\n");
}

void append_hunk(const Lines& a, const Lines& b, const std::vector<Range>& changes, std::string& out) {
  const size_t before = std::min(changes.front().a_begin, kContextLines);
  const size_t after = std::min(a.size() - changes.back().a_end, kContextLines);
  out += "@@ -" + range_text(changes.front().a_begin - before, changes.back().a_end + after) + " +" +
         range_text(changes.front().b_begin - before, changes.back().b_end + after) + " @@\n";
  size_t at = changes.front().a_begin - before;
  for (const Range& change : changes) {
    append_lines(a, at, change.a_begin, ' ', out);
    append_lines(a, change.a_begin, change.a_end, '-', out);
    append_lines(b, change.b_begin, change.b_end, '+', out);
    at = change.a_end;
  }
  append_lines(a, at, at + after, ' ', out);
}

}  // namespace

std::string unified_diff(std::string_view before, std::string_view after) {
  const Lines a = split(before), b = split(after);
  std::string out;
  for (const std::vector<Range>& changes : hunks(Matcher(a, b).matches())) append_hunk(a, b, changes, out);
  return out;
}

}  // namespace stint
