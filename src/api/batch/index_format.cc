#include "api/batch/index_format.h"

#include <algorithm>
#include <charconv>

#include "api/kind.h"

namespace stint::batch {
namespace {

using Interval = std::expected<IndexInterval, std::string>;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t end; (end = text.find(separator)) != text.npos; text.remove_prefix(end + 1)) parts.push_back(text.substr(0, end));
  parts.push_back(text);
  return parts;
}

std::expected<int32_t, std::string> parse_index(std::string_view text, int32_t completions) {
  int64_t value = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || value < 0) {
    return std::unexpected("cannot convert string to integer for index: " + quote(text));
  }
  if (value >= completions) return std::unexpected("too large index: " + quote(text));
  return static_cast<int32_t>(value);
}

std::string not_increasing(int32_t previous, int32_t current) {
  return "non-increasing order, previous: " + std::to_string(previous) + ", current: " + std::to_string(current);
}

Interval parse_interval(std::string_view text, int32_t completions) {
  std::vector<std::string_view> limits = split(text, '-');
  if (limits.size() > 2) {
    return std::unexpected("the fragment " + quote(text) +
                           " violates the requirement that an index interval can have at most two parts separated by '-'");
  }
  auto first = parse_index(limits[0], completions);
  if (!first) return std::unexpected(first.error());
  if (limits.size() == 1) return IndexInterval{*first, *first};
  auto last = parse_index(limits[1], completions);
  if (!last) return std::unexpected(last.error());
  if (*first >= *last) return std::unexpected(not_increasing(*first, *last));
  return IndexInterval{*first, *last};
}

std::vector<IndexInterval> parse_leniently(std::string_view text, int32_t completions) {
  std::vector<IndexInterval> intervals;
  for (std::string_view piece : split(text, ',')) {
    if (Interval interval = parse_interval(piece, completions)) intervals.push_back(*interval);
  }
  return intervals;
}

}  // namespace

std::expected<std::vector<IndexInterval>, std::string> parse_indexes(std::string_view text, int32_t completions) {
  std::vector<IndexInterval> intervals;
  if (text.empty()) return intervals;
  for (std::string_view piece : split(text, ',')) {
    Interval interval = parse_interval(piece, completions);
    if (!interval) return std::unexpected(interval.error());
    if (!intervals.empty() && intervals.back().last >= interval->first) {
      return std::unexpected(not_increasing(intervals.back().last, interval->first));
    }
    intervals.push_back(*interval);
  }
  return intervals;
}

int64_t index_count(const std::vector<IndexInterval>& intervals) {
  int64_t count = 0;
  for (const IndexInterval& one : intervals) count += one.last - one.first + 1;
  return count;
}

int32_t first_common_index(std::string_view a, std::string_view b, int32_t completions) {
  std::vector<IndexInterval> left = parse_leniently(a, completions);
  std::vector<IndexInterval> right = parse_leniently(b, completions);
  for (size_t i = 0, j = 0; i < left.size() && j < right.size();) {
    if (left[i].first <= right[j].last && right[j].first <= left[i].last) return std::max(left[i].first, right[j].first);
    left[i].first <= right[j].first ? ++i : ++j;
  }
  return -1;
}

}  // namespace stint::batch
