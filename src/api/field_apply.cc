#include <algorithm>
#include <map>

#include "api/field_changes.h"
#include "api/field_ownership.h"
#include "api/go_quote.h"
#include "api/last_applied.h"
#include "api/typed_document.h"

namespace stint {
namespace {

using json::Value;

// kubectl's own name: it moves from patches that it reckons itself to server-side apply by leave of the annotation that those left.
constexpr std::string_view kKubectl = "kubectl";
constexpr std::string_view kBeforeFirstApply = "before-first-apply";

struct Conflict {
  std::string manager;  // its identity
  std::string shown_manager;
  std::vector<PathElement> path;
};

// "batch/v1, Kind=Job", "/v1, Kind=Pod".
std::string shown_type(std::string_view api_version, std::string_view kind) {
  if (std::ranges::count(api_version, '/') > 1) return "/, Kind=";
  std::string out(api_version.find('/') == api_version.npos ? "/" : "");
  return out.append(api_version).append(", Kind=").append(kind);
}

std::string shown_object(const Value& configuration) {
  const Value* metadata = configuration.find("metadata");
  const auto text = [&](std::string_view name) { return std::string(metadata != nullptr ? metadata->string_at(name) : ""); };
  return text("namespace") + "/" + text("name") + "; " + shown_type(configuration.string_at("apiVersion"), configuration.string_at("kind"));
}

std::string shown_manager(const FieldManager& manager) {
  const metav1::ManagedFieldsEntry& entry = manager.entry();
  std::string out = go_quoted(entry.manager());
  if (!entry.subresource().empty()) out += " with subresource " + go_quoted(entry.subresource());
  if (!manager.is_applier()) out += " using " + entry.apiversion();
  return out;
}

// REQUIRES: there is one.
Error conflict_error(const std::vector<Conflict>& conflicts) {
  std::map<std::string, std::vector<const Conflict*>> by_manager;
  for (const Conflict& conflict : conflicts) by_manager[conflict.manager].push_back(&conflict);
  Error error{.reason = Reason::kConflict};
  const bool is_one = conflicts.size() == 1;
  error.message = "Apply failed with " + std::to_string(conflicts.size()) + (is_one ? " conflict: " : " conflicts: ");
  std::string separator;
  for (const auto& [identity, of_manager] : by_manager) {
    const std::string& manager = of_manager.front()->shown_manager;
    if (!is_one) error.message += std::exchange(separator, "\n") + "conflicts with " + manager + ":";
    for (const Conflict* conflict : of_manager) {
      std::string path = shown(conflict->path);
      error.message += is_one ? "conflict with " + manager + ": " + path : "\n- " + path;
      error.causes.push_back({.reason = "FieldManagerConflict", .message = "conflict with " + manager, .field = std::move(path)});
    }
  }
  return error;
}

// The live object as a document, which managers are no part of.
Value document_of(const Kind& kind, const Message& object) {
  std::unique_ptr<Message> copy(object.New());
  copy->CopyFrom(object);
  mutable_meta(*copy).clear_managedfields();
  const std::string api_version = kind.api_version();
  return json::to_value(*copy, {.api_version = api_version, .kind = kind.kind});
}

Result<void> check_configuration(const Kind& kind, const Value& configuration) {
  const std::string_view api_version = configuration.string_at("apiVersion"), name = configuration.string_at("kind");
  if (api_version != kind.api_version() || name != kind.kind) {
    return fail(Reason::kBadRequest, "invalid object type: " + shown_type(api_version, name));
  }
  const Value* metadata = configuration.find("metadata");
  const Value* managers = metadata != nullptr ? metadata->find("managedFields") : nullptr;
  if (managers != nullptr && managers->is_array()) return fail(Reason::kBadRequest, "metadata.managedFields must be nil");
  auto fits = typed::check(configuration, typed::type_of_object(*kind.descriptor()), typed::Duplicates::kRefused);
  if (fits) return {};
  return fail(Reason::kNone, "failed to create typed patch object (" + shown_object(configuration) + "): " + fits.error().message);
}

class Application {
 public:
  Application(const FieldWrite& write, const Message& live, const Value& configuration)
      : write_(write),
        live_(live),
        configuration_(configuration),
        type_(typed::type_of_object(*write.kind.descriptor())),
        live_document_(document_of(write.kind, live)),
        self_(FieldManager::applier(write.writer)) {}

  Result<std::unique_ptr<Message>> run(bool force) {
    std::vector<Conflict> conflicts = apply(force);
    if (!conflicts.empty() && write_.writer.manager == kKubectl) {
      const FieldSet allowed = fields_of_last_applied(live_, live_document_, write_.kind);
      std::erase_if(conflicts, [&](const Conflict& one) { return allowed.contains(one.path); });
      if (conflicts.empty()) conflicts = apply(true);
    }
    if (!conflicts.empty()) return fail(conflict_error(conflicts));
    return result();
  }

 private:
  // Leaves the merged document and its managers behind, unless there are conflicts that are not forced.
  std::vector<Conflict> apply(bool force) {
    managers_ = FieldManagers::of_stored(meta(live_).managedfields());
    if (managers_.empty()) credit_existing_fields();
    merged_ = typed::merged(live_document_, configuration_, type_);
    FieldSet applied = typed::fields_of(configuration_, type_);
    applied.subtract_trees(write_.reset);
    FieldManager& self = managers_.get(self_);
    const FieldSet last = self.fields();
    self.set_fields(std::move(applied));
    self.set_api_version(write_.writer.api_version);
    if (!last.empty()) merged_ = pruned(last);
    std::vector<Conflict> conflicts = take_from_others(force);
    if (!conflicts.empty()) return conflicts;
    managers_.get(self_).edit_fields().subtract(unmanaged_fields());
    if (!(live_document_ == merged_)) managers_.get(self_).set_time(write_.now);
    std::erase_if(managers_.all, [](const FieldManager& one) { return one.is_empty(); });
    return {};
  }

  void credit_existing_fields() {
    FieldChanges changes = changes_between(*write_.kind.make(), live_, write_.reset);
    FieldSet existing = std::move(changes.added);
    existing.add(changes.modified);
    existing.subtract(unmanaged_fields());
    if (existing.empty()) return;
    FieldWriter writer = write_.writer;
    writer.manager = kBeforeFirstApply;
    FieldManager& before = managers_.get(FieldManager::updater(writer));
    before.set_fields(std::move(existing));
    before.set_time(write_.now);
  }

  FieldSet named(FieldSet fields) const {
    typed::add_named_fields(fields, type_);
    return fields;
  }
  FieldSet named_fields_of(const Value& document) const { return named(typed::fields_of(document, type_)); }

  // Without what this manager applied last time and now does not, unless somebody else has a part in it.
  Value pruned(const FieldSet& last) const {
    const FieldSet last_named = named(last);
    FieldSet of_anybody;
    for (const FieldManager& manager : managers_.all) of_anybody.add(manager.fields());
    const FieldSet all = named_fields_of(merged_);
    FieldSet going = all;
    FieldSet staying = named_fields_of(typed::without(merged_, last_named, type_));
    staying.add(named(std::move(of_anybody)));
    going.subtract(staying);
    // What went along, below an item say, but was never this manager's comes back.
    FieldSet gone = all;
    gone.subtract(named_fields_of(typed::without(merged_, going, type_)));
    return typed::without(merged_, gone.intersection(last_named), type_);
  }

  // The changes as a version names them; nothing when it is not served.
  std::optional<FieldChanges> changes_in(const std::string& api_version) const {
    if (api_version != write_.writer.api_version) return changes_in_version(write_, api_version, live_, merged_);
    FieldChanges changes = typed::changes_between(live_document_, merged_, type_);
    changes.leave_out(write_.reset);
    return changes;
  }

  std::vector<Conflict> take_from_others(bool force) {
    std::map<std::string, std::optional<FieldChanges>> versions;
    std::vector<Conflict> conflicts;
    std::erase_if(managers_.all, [&](FieldManager& manager) {
      if (manager.is(self_)) return false;
      const std::string& version = manager.entry().apiversion();
      if (!versions.contains(version)) versions.emplace(version, changes_in(version));
      const std::optional<FieldChanges>& changes = versions.at(version);
      if (!changes) return true;
      FieldSet wanted = changes->modified;
      wanted.add(changes->added);
      for (auto& path : manager.fields().intersection(wanted).paths()) {
        if (!force) conflicts.push_back({manager.identity(), shown_manager(manager), std::move(path)});
      }
      manager.edit_fields().subtract(wanted);
      manager.edit_fields().subtract(changes->removed);
      return false;
    });
    return conflicts;
  }

  Result<std::unique_ptr<Message>> result() {
    std::unique_ptr<Message> next = write_.kind.make();
    if (live_document_ == merged_) {
      next->CopyFrom(live_);
    } else if (auto decoded = json::decode(merged_, *next); !decoded) {
      return fail(Reason::kNone, "failed to convert new object (" + shown_object(configuration_) +
                                     ") to proper version: unable to convert unstructured object to " +
                                     shown_type(write_.kind.api_version(), write_.kind.kind) + ": " + decoded.error().message);
    }
    metav1::ObjectMeta& metadata = mutable_meta(*next);
    std::move(managers_).write(metadata);
    if (write_.writer.manager == kKubectl) keep_last_applied(configuration_, metadata);
    return next;
  }

  const FieldWrite& write_;
  const Message& live_;
  const Value& configuration_;
  const typed::Type type_;
  const Value live_document_;
  const FieldManager self_;
  FieldManagers managers_;
  Value merged_;
};

}  // namespace

Result<std::unique_ptr<Message>> apply_configuration(const FieldWrite& write, const Message& live, const Value& configuration, bool force) {
  TRY_VOID(check_configuration(write.kind, configuration));
  return Application(write, live, configuration).run(force);
}

}  // namespace stint
