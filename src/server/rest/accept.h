// The Accept header. Pure; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace stint::rest {

inline constexpr size_t kMediaRangesMax = 64;  // further ones are not read

// "application/json;as=Table;v=v1;g=meta.k8s.io;q=0.9"
struct MediaRange {
  std::string type;
  std::string subtype;
  std::map<std::string, std::string> parameters;  // without q
  double quality = 1;

  int wildcards() const { return (type == "*") + (subtype == "*"); }
  bool admits(std::string_view wanted_type, std::string_view wanted_subtype) const {
    return type == "*" || (type == wanted_type && (subtype == "*" || subtype == wanted_subtype));
  }
  std::string_view parameter(std::string_view name) const;  // "" if absent
};

// Best first: by quality, wildcards after what is named, equals in the order written.
std::vector<MediaRange> parse_accept(std::string_view accept);

}  // namespace stint::rest
