#include "control/job/indexes.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace stint::job {
namespace {

std::optional<int> to_int(std::string_view text) {
  int value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

IndexSet IndexSet::joined(std::vector<Interval> intervals) {
  std::ranges::sort(intervals, {}, &Interval::first);
  IndexSet set;
  for (const Interval& next : intervals) {
    if (set.intervals_.empty() || next.first - 1 > set.intervals_.back().last) {
      set.intervals_.push_back(next);
    } else {
      set.intervals_.back().last = std::max(set.intervals_.back().last, next.last);
    }
  }
  return set;
}

IndexSet IndexSet::parse(std::string_view text, int completions) {
  std::vector<Interval> intervals;
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), piece.size() + 1));
    const size_t dash = piece.find('-');
    const std::optional<int> first = to_int(piece.substr(0, dash));
    const std::optional<int> last = dash == std::string_view::npos ? first : to_int(piece.substr(dash + 1));
    if (!first || !last || *first < 0 || *first >= completions || *last < *first) continue;
    intervals.push_back({*first, std::min(*last, completions - 1)});
  }
  return joined(std::move(intervals));
}

IndexSet IndexSet::of(std::vector<int> indexes) {
  std::vector<Interval> intervals;
  for (int index : indexes) intervals.push_back({index, index});
  return joined(std::move(intervals));
}

IndexSet IndexSet::of_runs(const std::map<int, int>& runs) {
  IndexSet set;
  set.intervals_.reserve(runs.size());
  for (const auto& [first, last] : runs) set.intervals_.push_back({first, last});
  return set;
}

IndexSet IndexSet::merged(const IndexSet& other) const {
  std::vector<Interval> intervals = intervals_;
  intervals.insert(intervals.end(), other.intervals_.begin(), other.intervals_.end());
  return joined(std::move(intervals));
}

bool IndexSet::has(int index) const {
  const auto found = std::ranges::lower_bound(intervals_, index, {}, &Interval::last);
  return found != intervals_.end() && found->first <= index;
}

int IndexSet::size() const {
  int count = 0;
  for (const Interval& interval : intervals_) count += interval.last - interval.first + 1;
  return count;
}

int IndexSet::overlap(const IndexSet& other) const {
  int count = 0;
  for (auto a = intervals_.begin(), b = other.intervals_.begin(); a != intervals_.end() && b != other.intervals_.end();) {
    count += std::max(0, std::min(a->last, b->last) - std::max(a->first, b->first) + 1);
    if (a->last < b->last) {
      ++a;
    } else {
      ++b;
    }
  }
  return count;
}

std::vector<int> IndexSet::first_missing(int count, int completions) const {
  std::vector<int> missing;
  const auto take_until = [&](int& candidate, int end) {
    for (; candidate < end && static_cast<int>(missing.size()) < count; ++candidate) missing.push_back(candidate);
  };
  int candidate = 0;
  for (const Interval& interval : intervals_) {
    take_until(candidate, std::min(interval.first, completions));
    if (interval.last >= completions) return missing;
    candidate = std::max(candidate, interval.last + 1);
  }
  take_until(candidate, completions);
  return missing;
}

std::string IndexSet::to_string() const {
  std::string text;
  for (const Interval& interval : intervals_) {
    if (!text.empty()) text += ',';
    text += std::to_string(interval.first);
    if (interval.last == interval.first) continue;
    text += interval.last == interval.first + 1 ? ',' : '-';
    text += std::to_string(interval.last);
  }
  return text;
}

void IndexBag::add(int index) {
  if (++counts_[index] > 1) return;
  int first = index, last = index;
  auto next = runs_.upper_bound(index);
  if (next != runs_.end() && next->first == index + 1) {
    last = next->second;
    next = runs_.erase(next);
  }
  if (next != runs_.begin()) {
    const auto before = std::prev(next);
    if (before->second == index - 1) {
      before->second = last;
      return;
    }
  }
  runs_.emplace_hint(next, first, last);
}

void IndexBag::remove(int index) {
  const auto count = counts_.find(index);
  if (--count->second > 0) return;
  counts_.erase(count);
  const auto run = std::prev(runs_.upper_bound(index));
  const int first = run->first, last = run->second;
  if (first == index) {
    runs_.erase(run);
  } else {
    run->second = index - 1;
  }
  if (last > index) runs_.emplace(index + 1, last);
}

}  // namespace stint::job
