// For tests of the rules of kinds: objects from YAML, taken through the steps of a write as the server takes them.
#pragma once

#include <gtest/gtest.h>

#include "api/json.h"
#include "api/kind.h"
#include "api/metadata_rules.h"

namespace stint::rules_fixture {

template <class T>
T from_yaml(std::string_view text) {
  T object;
  Result<json::Value> document = json::parse_yaml(text);
  if (!document) {
    ADD_FAILURE() << document.error().message;
    return object;
  }
  std::vector<std::string> unknown;
  Result<void> decoded = json::decode(*document, object, &unknown);
  EXPECT_TRUE(decoded) << decoded.error().message;
  EXPECT_TRUE(unknown.empty()) << unknown.front();
  return object;
}

// What a write left: the object as it would be stored, and why it would not be.
template <class T>
struct Outcome {
  T object;
  FieldErrors errors;

  bool accepted() const { return errors.empty(); }
  // Whether some error is at the field, of the reason, and its message holds the fragment.
  bool refused(std::string_view field, std::string_view reason, std::string_view fragment = "") const {
    for (const Cause& cause : errors.causes()) {
      if (cause.field == field && cause.reason == reason && cause.message.find(fragment) != std::string::npos) return true;
    }
    return false;
  }
};

template <class T>
std::ostream& operator<<(std::ostream& out, const Outcome<T>& outcome) {
  for (const Cause& cause : outcome.errors.causes()) out << cause.field << ": " << cause.reason << ": " << cause.message << "\n";
  return out;
}

template <class T>
Outcome<T> create(T object) {
  const Kind& kind = kind_of<T>();
  Outcome<T> outcome{std::move(object), {}};
  T& next = outcome.object;
  metav1::ObjectMeta& meta = *next.mutable_metadata();
  if (kind.rules->set_defaults) kind.rules->set_defaults(next);
  if (kind.namespaced) meta.set_namespace_("default");
  meta.set_uid("11111111-2222-4333-8444-555555555555");
  meta.mutable_creationtimestamp()->set_seconds(1'800'000'000);
  if (kind.rules->prepare_create) kind.rules->prepare_create(next);
  validate_metadata(kind, next, outcome.errors);
  if (kind.rules->validate) kind.rules->validate(next, outcome.errors);
  if (kind.rules->set_defaults) kind.rules->set_defaults(next);
  return outcome;
}

template <class T>
Outcome<T> create_yaml(std::string_view text) {
  return create(from_yaml<T>(text));
}

template <class T>
Outcome<T> update(const T& old, T next) {
  const Kind& kind = kind_of<T>();
  Outcome<T> outcome{std::move(next), {}};
  if (kind.rules->set_defaults) kind.rules->set_defaults(outcome.object);
  if (kind.rules->prepare_update) kind.rules->prepare_update(outcome.object, old);
  validate_metadata_update(outcome.object, old, outcome.errors);
  if (kind.rules->validate_update) kind.rules->validate_update(outcome.object, old, outcome.errors);
  return outcome;
}

// The next object is the old one, edited.
template <class T, class Edit>
Outcome<T> update_with(const T& old, Edit edit) {
  T next = old;
  edit(next);
  return update(old, std::move(next));
}

template <class T, class Edit>
Outcome<T> update_status_with(const T& old, Edit edit) {
  const Kind& kind = kind_of<T>();
  Outcome<T> outcome{old, {}};
  edit(outcome.object);
  if (kind.rules->prepare_status_update) kind.rules->prepare_status_update(outcome.object, old);
  validate_metadata_update(outcome.object, old, outcome.errors);
  if (kind.rules->validate_status) kind.rules->validate_status(outcome.object, old, outcome.errors);
  return outcome;
}

template <class T>
std::vector<std::string> warnings_on_create(const T& object) {
  std::vector<std::string> warnings;
  if (kind_of<T>().rules->warn) kind_of<T>().rules->warn(object, nullptr, warnings);
  return warnings;
}

// The text of the cells.
template <class T>
std::vector<std::string> cells(const T& object, WallTime now) {
  Row row;
  kind_of<T>().rules->row(object, now, row);
  EXPECT_EQ(row.cells.size(), kind_of<T>().rules->columns.size());
  std::vector<std::string> texts;
  for (const Cell& cell : row.cells) texts.push_back(cell.type == Cell::Type::kText ? cell.text : std::to_string(cell.number));
  return texts;
}

inline WallTime at(int64_t seconds) { return WallTime(std::chrono::seconds(seconds)); }

}  // namespace stint::rules_fixture
