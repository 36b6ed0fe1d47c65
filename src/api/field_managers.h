// metadata.managedFields taken apart: who manages which fields of an object. Sets are read when somebody asks for them, and written
// when they have changed. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/field_set.h"
#include "api/json.h"
#include "api/object.h"

namespace stint {

// Who writes, as entries name it.
struct FieldWriter {
  std::string manager;      // "" is "unknown"
  std::string api_version;  // in which the fields are named
  std::string subresource;  // "status"; "" the object itself
};

class FieldManager {
 public:
  explicit FieldManager(metav1::ManagedFieldsEntry entry) : entry_(std::move(entry)) {}
  static FieldManager updater(const FieldWriter& writer);
  static FieldManager applier(const FieldWriter& writer);

  const metav1::ManagedFieldsEntry& entry() const { return entry_; }
  bool is_applier() const { return entry_.operation() == "Apply"; }
  // What makes it another manager than the next one: the entry as JSON, without time and fields, and for an applier without version.
  std::string identity() const;
  bool is(const FieldManager& other) const;

  const FieldSet& fields() const;
  // The caller says so when it changes them.
  FieldSet& edit_fields();
  void set_fields(FieldSet fields);
  void set_time(WallTime now) { *entry_.mutable_time() = to_time(now); }
  void take_time(const FieldManager& other);
  void set_api_version(const std::string& version) { entry_.set_apiversion(version); }
  // Nothing is left of what was read; sets that nobody read are never empty.
  bool is_empty() const { return fields_ && fields_->empty(); }
  // Whether the fields could have something in common with the set, told from the text alone as long as it was not read.
  bool may_have(const FieldSet& some) const;

  metav1::ManagedFieldsEntry written() &&;

 private:
  metav1::ManagedFieldsEntry entry_;
  mutable std::optional<FieldSet> fields_;  // read so far
  bool is_edited_ = false;
};

class FieldManagers {
 public:
  using Entries = google::protobuf::RepeatedPtrField<metav1::ManagedFieldsEntry>;

  // As stored, so that nothing is checked.
  static FieldManagers of_stored(const Entries& entries);
  // As a client sent them. kNone when an entry is malformed.
  static Result<FieldManagers> of_client(const Entries& entries);
  // The list in upstream's order.
  void write(metav1::ObjectMeta& meta) &&;

  std::vector<FieldManager> all;

  bool empty() const { return all.empty(); }
  FieldManager* find(const FieldManager& same);
  // The manager of this identity, added when it is new.
  FieldManager& get(const FieldManager& same);
  // Beyond ten, the oldest updates are of "ancient-changes".
  void limit_updaters();
};

// Whether a client's list means that nobody manages anything: one empty entry. A list without entries is read as that too, where its
// format can tell it from none.
bool clears_managers(const FieldManagers::Entries& entries);
// JSON tells a list without entries from none, messages do not: makes it one empty entry. REQUIRES: the object was read from the document.
void note_cleared_managers(const json::Value& document, Message& object);
bool same_entries(const FieldManagers::Entries& a, const FieldManagers::Entries& b);

}  // namespace stint
