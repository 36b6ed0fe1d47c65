#include "server/rest/status_text.h"

#include <algorithm>
#include <set>

namespace stint::rest {
namespace {

// Cuts to `count` code points; a byte that starts none belongs to the one before.
std::string_view first_runes(std::string_view text, size_t count) {
  size_t runes = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80 && runes++ == count) return text.substr(0, i);
  }
  return text;
}

size_t rune_count(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xc0) != 0x80; }));
}

std::string warning_header(std::string_view text) {
  std::string out = "299 - \"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;  // a line break would end the header
  }
  return out + '"';
}

// Answers that upstream makes for any server have details, though nothing be in them.
bool has_details(const Error& error) {
  constexpr Reason kAlways[] = {Reason::kMethodNotAllowed, Reason::kInvalid, Reason::kForbidden, Reason::kNotFound};
  if (std::ranges::find(kAlways, error.reason) != std::end(kAlways)) return true;
  return !error.name.empty() || !error.group.empty() || !error.kind.empty() || !error.uid.empty() || !error.causes.empty() ||
         error.retry_after_seconds > 0 || error.message == kUnsupportedPatch || error.message.starts_with(kNoRepresentation);
}

}  // namespace

metav1::Status failure_message(const Error& error) {
  metav1::Status status;
  status.mutable_metadata();
  if (!error.continue_token.empty()) status.mutable_metadata()->set_continue_(error.continue_token);
  status.set_status("Failure");
  status.set_message(error.message);
  status.set_reason(std::string(to_string(error.reason)));
  status.set_code(error.http_status());
  if (!has_details(error)) return status;
  metav1::StatusDetails& details = *status.mutable_details();
  details.set_name(error.name);
  details.set_group(error.group);
  details.set_kind(error.kind);
  details.set_uid(error.uid);
  details.set_retryafterseconds(error.retry_after_seconds);
  for (const Cause& cause : error.causes) {
    metav1::StatusCause& one = *details.add_causes();
    one.set_reason(cause.reason);
    one.set_message(cause.message);
    one.set_field(cause.field);
  }
  return status;
}

std::string status_text(const Error& error) { return json::encode(failure_message(error), {"v1", "Status"}); }

metav1::Status status_message(const Kind& kind, const Answer& answer) {
  metav1::Status status;
  status.mutable_metadata();
  status.set_status("Success");
  if (answer.code == 201) status.set_code(answer.code);  // a binding; deletes show no code
  if (answer.status_name.empty()) return status;
  metav1::StatusDetails& details = *status.mutable_details();
  details.set_name(answer.status_name);
  details.set_group(std::string(kind.group));
  details.set_kind(std::string(kind.plural));
  details.set_uid(answer.status_uid);
  return status;
}

std::string success_text(const Kind& kind, const Answer& answer) { return json::encode(status_message(kind, answer), {"v1", "Status"}); }

void add_warnings(const std::vector<std::string>& warnings, http::Headers& headers) {
  std::set<std::string_view> seen;
  size_t runes = 0;
  for (const std::string& text : warnings) runes += seen.insert(text).second ? rune_count(text) : 0;
  bool cut = runes > kWarningRunesMax;
  seen.clear();
  runes = 0;
  for (const std::string& text : warnings) {
    if (!seen.insert(text).second) continue;
    std::string_view shown = cut ? first_runes(text, kWarningRunesCut) : std::string_view(text);
    runes += rune_count(shown);
    if (runes > kWarningRunesMax) return;
    headers.emplace_back("Warning", warning_header(shown));
  }
}

}  // namespace stint::rest
