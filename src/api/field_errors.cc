#include "api/go_quote.h"
#include "api/kind.h"

namespace stint {
namespace {

// "type: value: detail", leaving out what is empty.
std::string body(std::string_view type, std::string_view value, std::string_view detail) {
  std::string text(type);
  for (std::string_view part : {value, detail}) {
    if (part.empty()) continue;
    text += ": ";
    text += part;
  }
  return text;
}

}  // namespace

std::string quote(std::string_view text) { return go_quoted(text); }

void FieldErrors::required(std::string field, std::string_view detail) {
  add({"FieldValueRequired", body("Required value", "", detail), std::move(field)});
}

void FieldErrors::invalid(std::string field, std::string_view shown_value, std::string_view detail) {
  add({"FieldValueInvalid", body("Invalid value", shown_value, detail), std::move(field)});
}

void FieldErrors::not_supported(std::string field, std::string_view value, std::span<const std::string_view> supported) {
  std::string detail;
  for (std::string_view one : supported) {
    detail += detail.empty() ? "supported values: " : ", ";
    detail += quote(one);
  }
  add({"FieldValueNotSupported", body("Unsupported value", quote(value), detail), std::move(field)});
}

void FieldErrors::duplicate(std::string field, std::string_view shown_value) {
  add({"FieldValueDuplicate", body("Duplicate value", shown_value, ""), std::move(field)});
}

void FieldErrors::forbidden(std::string field, std::string_view detail) {
  add({"FieldValueForbidden", body("Forbidden", "", detail), std::move(field)});
}

void FieldErrors::too_long(std::string field, size_t bytes_max) {
  add({"FieldValueTooLong", "Too long: may not be more than " + std::to_string(bytes_max) + " bytes", std::move(field)});
}

void FieldErrors::too_many(std::string field, size_t count, size_t count_max) {
  add({"FieldValueTooMany", "Too many: " + std::to_string(count) + ": must have at most " + std::to_string(count_max) + " items",
       std::move(field)});
}

void FieldErrors::not_found(std::string field, std::string_view shown_value) {
  add({"FieldValueNotFound", body("Not found", shown_value, ""), std::move(field)});
}

}  // namespace stint
