#include "cli/simulate_command.h"

#include <charconv>

#include "api/go_duration.h"

namespace stint::cli {
namespace {

constexpr int kDaysMax = 3650;
constexpr int kExitCodeMax = 255;

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

// Calls `take` with each piece; false from it ends the walk.
template <class Take>
bool each_piece(std::string_view text, char separator, Take take) {
  while (true) {
    const size_t cut = text.find(separator);
    if (!take(text.substr(0, cut))) return false;
    if (cut == std::string_view::npos) return true;
    text.remove_prefix(cut + 1);
  }
}

bool take_scope(std::string_view piece, ExitCodes& codes) {
  constexpr std::string_view kIndex = "index:", kContainer = "container:";
  if (piece.starts_with(kIndex)) {
    codes.index = number(piece.substr(kIndex.size()));
    return codes.index.has_value();
  }
  if (!piece.starts_with(kContainer)) return false;
  codes.container = piece.substr(kContainer.size());
  return !codes.container.empty();
}

}  // namespace

Result<ExitCodes> parse_exit_codes(std::string_view text) {
  const auto refuse = [text](std::string_view why) {
    return fail(Reason::kBadRequest, "\"" + std::string(text) + "\" " + std::string(why));
  };
  ExitCodes codes;
  std::string_view list = text;
  if (const size_t cut = text.find('='); cut != std::string_view::npos) {
    list = text.substr(cut + 1);
    const bool known = each_piece(text.substr(0, cut), '/', [&](std::string_view piece) { return take_scope(piece, codes); });
    if (!known) return refuse("names neither an index nor a container: write index:3=1,0 or container:NAME=1,0");
  }
  const bool valid = each_piece(list, ',', [&](std::string_view piece) {
    const auto code = number(piece);
    if (code) codes.codes.push_back(*code);
    return code && *code <= kExitCodeMax;
  });
  if (!valid) return refuse("is no list of exit codes: they are numbers from 0 to 255, such as 1,1,0");
  return codes;
}

Result<Duration> parse_span(std::string_view text) {
  const auto refuse = [text](std::string_view why) {
    return fail(Reason::kBadRequest, "\"" + std::string(text) + "\" " + std::string(why));
  };
  Duration span{0};
  std::string_view rest = text;
  if (const size_t cut = text.find('d'); cut != std::string_view::npos) {
    const auto days = number(text.substr(0, cut));
    if (!days || *days > kDaysMax) return refuse("is no duration: write 30s, 1h30m or 30d");
    span = std::chrono::hours(24) * *days;
    rest = text.substr(cut + 1);
    if (rest.empty()) return span;
  }
  const auto parsed = parse_go_duration(rest);
  if (!parsed) return refuse("is no duration: write 30s, 1h30m or 30d");
  if (*parsed < Duration{0}) return refuse("is negative");
  span += *parsed;
  if (span > std::chrono::hours(24) * kDaysMax) return refuse("is longer than ten years");
  return span;
}

}  // namespace stint::cli
