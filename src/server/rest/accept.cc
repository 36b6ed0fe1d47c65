#include "server/rest/accept.h"

#include <algorithm>
#include <charconv>

namespace stint::rest {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes the text up to `separator` off the front.
std::string_view take(std::string_view& text, char separator) {
  size_t at = text.find(separator);
  std::string_view part = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  return trimmed(part);
}

MediaRange parse_range(std::string_view text) {
  MediaRange parsed;
  std::string_view range = take(text, ';');
  parsed.type = take(range, '/');
  parsed.subtype = range.empty() && parsed.type == "*" ? "*" : std::string(trimmed(range));
  while (!text.empty()) {
    std::string_view parameter = take(text, ';');
    std::string name(take(parameter, '='));
    if (name == "q") {
      std::from_chars(parameter.data(), parameter.data() + parameter.size(), parsed.quality);
    } else if (!name.empty()) {
      parsed.parameters[name] = trimmed(parameter);
    }
  }
  return parsed;
}

}  // namespace

std::string_view MediaRange::parameter(std::string_view name) const {
  auto found = parameters.find(std::string(name));
  return found == parameters.end() ? std::string_view() : std::string_view(found->second);
}

std::vector<MediaRange> parse_accept(std::string_view accept) {
  auto better = [](const MediaRange& a, const MediaRange& b) {
    return a.quality != b.quality ? a.quality > b.quality : a.wildcards() < b.wildcards();
  };
  std::vector<MediaRange> ranges;
  while (!accept.empty() && ranges.size() < kMediaRangesMax) {
    std::string_view text = take(accept, ',');
    if (text.empty()) continue;
    MediaRange range = parse_range(text);
    auto place = std::upper_bound(ranges.begin(), ranges.end(), range, better);
    ranges.insert(place, std::move(range));
  }
  return ranges;
}

}  // namespace stint::rest
