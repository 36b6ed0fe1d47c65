#include "api/field_managers.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace stint {
namespace {

constexpr size_t kUpdatersMax = 10;
constexpr std::string_view kAncient = "ancient-changes";

FieldManager made(const FieldWriter& writer, const char* operation) {
  metav1::ManagedFieldsEntry entry;
  entry.set_manager(writer.manager.empty() ? "unknown" : writer.manager);
  entry.set_operation(operation);
  entry.set_apiversion(writer.api_version);
  entry.set_subresource(writer.subresource);
  return FieldManager(std::move(entry));
}

int64_t seconds_of(const metav1::ManagedFieldsEntry& entry) { return entry.has_time() ? entry.time().seconds() : 0; }

bool same_but_time(const metav1::ManagedFieldsEntry& a, const metav1::ManagedFieldsEntry& b) {
  return a.manager() == b.manager() && a.operation() == b.operation() && a.apiversion() == b.apiversion() &&
         a.subresource() == b.subresource() && a.fieldstype() == b.fieldstype() && a.has_fieldsv1() == b.has_fieldsv1() &&
         a.fieldsv1().raw() == b.fieldsv1().raw();
}

Result<void> check(const metav1::ManagedFieldsEntry& entry, size_t index) {
  if (entry.operation() != "Apply" && entry.operation() != "Update") return fail(Reason::kNone, "operation must be `Apply` or `Update`");
  if (entry.apiversion().empty()) return fail(Reason::kNone, "apiVersion must not be empty");
  if (entry.fieldstype().empty()) return fail(Reason::kNone, "missing fieldsType in managed fields entry " + std::to_string(index));
  if (entry.fieldstype() != "FieldsV1") {
    return fail(Reason::kNone, "invalid fieldsType \"" + entry.fieldstype() + "\" in managed fields entry " + std::to_string(index));
  }
  return {};
}

}  // namespace

FieldManager FieldManager::updater(const FieldWriter& writer) { return made(writer, "Update"); }
FieldManager FieldManager::applier(const FieldWriter& writer) { return made(writer, "Apply"); }

std::string FieldManager::identity() const {
  std::string out = "{";
  const auto add = [&](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    if (out.size() > 1) out += ',';
    json::append_quoted(name, out);
    out += ':';
    json::append_quoted(value, out);
  };
  add("manager", entry_.manager());
  add("operation", entry_.operation());
  if (!is_applier()) add("apiVersion", entry_.apiversion());
  add("subresource", entry_.subresource());
  return out + '}';
}

bool FieldManager::is(const FieldManager& other) const {
  const metav1::ManagedFieldsEntry& theirs = other.entry_;
  return entry_.manager() == theirs.manager() && entry_.operation() == theirs.operation() && entry_.subresource() == theirs.subresource() &&
         (is_applier() || entry_.apiversion() == theirs.apiversion());
}

const FieldSet& FieldManager::fields() const {
  if (!fields_) {
    const std::string& text = entry_.fieldsv1().raw();
    Result<FieldSet> read = text.empty() ? FieldSet() : FieldSet::parse(text);
    fields_ = read ? *std::move(read) : FieldSet();  // what is stored was written by this code, what clients send is checked
  }
  return *fields_;
}

FieldSet& FieldManager::edit_fields() {
  (void)fields();
  is_edited_ = true;
  return *fields_;
}

void FieldManager::set_fields(FieldSet fields) {
  fields_ = std::move(fields);
  is_edited_ = true;
}

void FieldManager::take_time(const FieldManager& other) {
  if (other.entry_.has_time()) {
    *entry_.mutable_time() = other.entry_.time();
  } else {
    entry_.clear_time();
  }
}

bool FieldManager::may_have(const FieldSet& some) const {
  if (fields_) return true;
  const std::string& text = entry_.fieldsv1().raw();
  return std::ranges::any_of(some.nodes,
                             [&](const FieldSet::Node& node) { return text.find("\"f:" + node.element.text + "\"") != std::string::npos; });
}

metav1::ManagedFieldsEntry FieldManager::written() && {
  entry_.set_fieldstype("FieldsV1");
  if (is_edited_ || !entry_.has_fieldsv1()) entry_.mutable_fieldsv1()->set_raw(fields().to_text());
  return std::move(entry_);
}

FieldManagers FieldManagers::of_stored(const Entries& entries) {
  FieldManagers managers;
  managers.all.reserve(static_cast<size_t>(entries.size()) + 1);
  for (const metav1::ManagedFieldsEntry& entry : entries) managers.all.emplace_back(entry);
  return managers;
}

Result<FieldManagers> FieldManagers::of_client(const Entries& entries) {
  FieldManagers managers;
  for (const metav1::ManagedFieldsEntry& entry : entries) {
    TRY_VOID(check(entry, managers.all.size()));
    TRY(FieldSet fields, entry.fieldsv1().raw().empty() ? Result<FieldSet>(FieldSet()) : FieldSet::parse(entry.fieldsv1().raw()));
    FieldManager manager(entry);
    manager.set_fields(std::move(fields));  // so that its text becomes the canonical one
    if (FieldManager* same = managers.find(manager)) {
      *same = std::move(manager);
    } else {
      managers.all.push_back(std::move(manager));
    }
  }
  return managers;
}

void FieldManagers::write(metav1::ObjectMeta& meta) && {
  std::ranges::sort(all, [](const FieldManager& a, const FieldManager& b) {
    const metav1::ManagedFieldsEntry &x = a.entry(), &y = b.entry();
    return std::tuple(std::string_view(x.operation()), seconds_of(x), std::string_view(x.manager()), std::string_view(x.apiversion()),
                      std::string_view(x.subresource())) < std::tuple(std::string_view(y.operation()), seconds_of(y),
                                                                      std::string_view(y.manager()), std::string_view(y.apiversion()),
                                                                      std::string_view(y.subresource()));
  });
  Entries& entries = *meta.mutable_managedfields();
  entries.Clear();
  for (FieldManager& manager : all) *entries.Add() = std::move(manager).written();
}

FieldManager* FieldManagers::find(const FieldManager& same) {
  const auto at = std::ranges::find_if(all, [&](const FieldManager& one) { return one.is(same); });
  return at == all.end() ? nullptr : &*at;
}

FieldManager& FieldManagers::get(const FieldManager& same) {
  if (FieldManager* known = find(same)) return *known;
  return all.emplace_back(same);
}

void FieldManagers::limit_updaters() {
  std::vector<std::pair<std::pair<int64_t, std::string>, FieldManager>> updaters;
  if (std::ranges::count_if(all, [](const FieldManager& one) { return !one.is_applier(); }) <= static_cast<ptrdiff_t>(kUpdatersMax)) return;
  for (const FieldManager& one : all) {
    if (!one.is_applier()) updaters.push_back({{seconds_of(one.entry()), one.identity()}, one});
  }
  std::ranges::sort(updaters, {}, [](const auto& ranked) { return ranked.first; });
  // The first of each version waits for a second one to share a bucket with.
  std::map<std::string, const FieldManager*> first_of_version;
  size_t count = updaters.size();
  for (auto& [rank, updater] : updaters) {
    if (count <= kUpdatersMax) return;
    const std::string& version = updater.entry().apiversion();
    const auto [first, is_first] = first_of_version.emplace(version, &updater);
    if (is_first) continue;
    FieldManager bucket = FieldManager::updater({.manager = std::string(kAncient), .api_version = version});
    if (find(bucket) == nullptr) {
      bucket.set_fields(first->second->fields());
      std::erase_if(all, [&](const FieldManager& one) { return one.is(*first->second); });
    }
    FieldManager& ancient = get(bucket);
    ancient.edit_fields().add(updater.fields());
    ancient.take_time(updater);
    if (!ancient.is(updater)) std::erase_if(all, [&](const FieldManager& one) { return one.is(updater); });
    --count;
  }
}

bool clears_managers(const FieldManagers::Entries& entries) { return entries.size() == 1 && entries[0].ByteSizeLong() == 0; }

void note_cleared_managers(const json::Value& document, Message& object) {
  const json::Value* metadata = document.find("metadata");
  const json::Value* entries = metadata != nullptr ? metadata->find("managedFields") : nullptr;
  if (entries == nullptr || !entries->is_array() || !entries->as_array().empty()) return;
  const auto* field = object.GetDescriptor()->FindFieldByName("metadata");
  if (field != nullptr && field->message_type() == metav1::ObjectMeta::descriptor()) mutable_meta(object).add_managedfields();
}

bool same_entries(const FieldManagers::Entries& a, const FieldManagers::Entries& b) {
  return std::ranges::equal(a, b, [](const metav1::ManagedFieldsEntry& x, const metav1::ManagedFieldsEntry& y) {
    return same_but_time(x, y) && x.has_time() == y.has_time() && x.time().seconds() == y.time().seconds();
  });
}

}  // namespace stint
