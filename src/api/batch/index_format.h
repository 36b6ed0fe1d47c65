// The written form of completion indexes, "1,3-5,7", as validation reads it: strict, where the controller is lenient. Pure; any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace stint::batch {

struct IndexInterval {
  int32_t first;
  int32_t last;
};

// Ascending, not overlapping, all below `completions`. The error is a sentence.
std::expected<std::vector<IndexInterval>, std::string> parse_indexes(std::string_view text, int32_t completions);
int64_t index_count(const std::vector<IndexInterval>& intervals);
// The first index that both texts hold, or -1. Pieces that do not parse are passed over.
int32_t first_common_index(std::string_view a, std::string_view b, int32_t completions);

}  // namespace stint::batch
