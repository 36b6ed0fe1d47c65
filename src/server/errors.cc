#include "server/errors.h"

#include <algorithm>
#include <vector>

namespace stint {

namespace {

Error about(const Kind& kind, std::string_view name, Reason reason, std::string message) {
  return {.reason = reason,
          .message = std::move(message),
          .name = std::string(name),
          .group = std::string(kind.group),
          .kind = std::string(kind.plural)};
}

std::string resource_and_name(const Kind& kind, std::string_view name) { return kind.qualified_plural() + " " + quote(name); }

}  // namespace

Error not_found(const Kind& kind, std::string_view name) {
  return about(kind, name, Reason::kNotFound, resource_and_name(kind, name) + " not found");
}

Error already_exists(const Kind& kind, std::string_view name, bool existing_is_deleting) {
  return about(kind, name, Reason::kAlreadyExists,
               (existing_is_deleting ? "object is being deleted: " : "") + resource_and_name(kind, name) + " already exists");
}

Error conflict(const Kind& kind, std::string_view name, std::string_view why) {
  return about(kind, name, Reason::kConflict,
               "Operation cannot be fulfilled on " + resource_and_name(kind, name) + ": " + std::string(why));
}

Error modified_conflict(const Kind& kind, std::string_view name) {
  return conflict(kind, name, "the object has been modified; please apply your changes to the latest version and try again");
}

Error forbidden(const Kind& kind, std::string_view name, std::string_view why) {
  std::string subject = kind.qualified_plural();
  if (!name.empty()) subject += " " + quote(name);
  return about(kind, name, Reason::kForbidden, subject + " is forbidden: " + std::string(why));
}

Error invalid(std::string_view qualified_kind, std::string_view name, const FieldErrors& errors) {
  std::vector<std::string> texts;
  std::vector<Cause> causes;
  for (const Cause& cause : errors.causes()) {
    std::string text = cause.field + ": " + cause.message;
    if (std::find(texts.begin(), texts.end(), text) != texts.end()) continue;
    texts.push_back(std::move(text));
    causes.push_back(cause);
  }
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : ", ") + text;
  if (texts.size() > 1) joined = "[" + joined + "]";
  const size_t dot = qualified_kind.find('.');
  Error error{.reason = Reason::kInvalid,
              .name = std::string(name),
              .kind = std::string(qualified_kind.substr(0, dot)),
              .causes = std::move(causes)};
  error.message = std::string(qualified_kind) + " " + quote(name) + " is invalid: " + joined;
  if (dot != std::string_view::npos) error.group = qualified_kind.substr(dot + 1);
  return error;
}

Error invalid(const Kind& kind, std::string_view name, const FieldErrors& errors) { return invalid(kind.qualified_kind(), name, errors); }

Error method_not_allowed(const Kind& kind, std::string_view verb) {
  return about(kind, "", Reason::kMethodNotAllowed,
               std::string(verb) + " is not supported on resources of kind " + quote(kind.qualified_plural()));
}

Error too_large_resource_version(Revision asked, Revision current) {
  Error error{.reason = Reason::kTimeout, .retry_after_seconds = 1};
  error.message = "Timeout: Too large resource version: " + std::to_string(asked) + ", current: " + std::to_string(current);
  error.causes.push_back({.reason = "ResourceVersionTooLarge", .message = "Too large resource version"});
  return error;
}

}  // namespace stint
