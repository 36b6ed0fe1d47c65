#include <array>
#include <map>

#include "api/equality.h"
#include "api/field_changes.h"
#include "api/field_ownership.h"

namespace stint {
namespace {

using Entries = FieldManagers::Entries;

// The same object in the shape of another version; nothing when there is none by that name.
const Kind* other_version(const Kind& kind, const std::string& api_version) {
  const Kind* other = find_kind_by_name(api_version, kind.kind);
  return other != nullptr && other->storage_resource == kind.storage_resource ? other : nullptr;
}

std::unique_ptr<Message> in_shape(const Kind& from, const Kind& to, const Message& object) {
  std::unique_ptr<Message> shaped = to.make();
  if (from.to_stored != nullptr) {
    from.to_stored(object, *shaped);
  } else {
    to.from_stored(object, *shaped);
  }
  return shaped;
}

// The managers that the write starts from. Subresources cannot set them; a list that is broken or says nothing is as good as none.
FieldManagers starting_point(const FieldWrite& write, const Message* old, const Message& next) {
  static const Entries kNone;
  const Entries& stored = old != nullptr ? meta(*old).managedfields() : kNone;
  const Entries& sent = meta(next).managedfields();
  if (!write.writer.subresource.empty() || sent.empty() || same_entries(stored, sent)) return FieldManagers::of_stored(stored);
  if (clears_managers(sent)) return {};
  Result<FieldManagers> read = FieldManagers::of_client(sent);
  return read && !read->empty() ? *std::move(read) : FieldManagers::of_stored(stored);
}

// The changes as each version names them.
class VersionedChanges {
 public:
  VersionedChanges(const FieldWrite& write, const Message& old, const Message& next) : write_(write), old_(old), next_(next) {
    changes_[write.writer.api_version] = changes_between(old, next, write.reset);
  }

  FieldChanges& own() { return *changes_[write_.writer.api_version]; }
  // Null for a version that is not served.
  const FieldChanges* in(const std::string& api_version) {
    const auto [at, is_new] = changes_.try_emplace(api_version);
    if (is_new) {
      const Kind* other = other_version(write_.kind, api_version);
      if (other != nullptr) {
        at->second = changes_between(*in_shape(write_.kind, *other, old_), *in_shape(write_.kind, *other, next_), write_.reset);
      }
    }
    return at->second ? &*at->second : nullptr;
  }

 private:
  const FieldWrite& write_;
  const Message& old_;
  const Message& next_;
  std::map<std::string, std::optional<FieldChanges>> changes_;
};

// What others lose: fields whose value is somebody else's now, and those that are gone.
void take_from(FieldManager& manager, const FieldChanges& changes) {
  for (const FieldSet* lost : {&changes.added, &changes.modified, &changes.removed}) {
    if (lost->empty() || !manager.may_have(*lost) || !manager.fields().intersects(*lost)) continue;
    manager.edit_fields().subtract(*lost);
  }
}

void credit(const FieldWrite& write, FieldChanges changes, FieldManagers& managers) {
  FieldSet taken = std::move(changes.added);
  taken.add(changes.modified);
  taken.subtract(unmanaged_fields());
  if (taken.empty()) return;
  FieldManager& writer = managers.get(FieldManager::updater(write.writer));
  if (!writer.fields().empty()) taken.add(writer.fields());
  writer.set_fields(std::move(taken));
  writer.set_time(write.now);
}

}  // namespace

const FieldSet& unmanaged_fields() {
  static const FieldSet& kFields = *new FieldSet([] {
    FieldSet fields;
    const PathElement metadata = PathElement::field("metadata");
    for (const char* name : {"apiVersion", "kind"}) fields.insert(std::array{PathElement::field(name)});
    fields.insert(std::array{metadata});
    for (const char* name :
         {"name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields", "resourceVersion"}) {
      fields.insert(std::array{metadata, PathElement::field(name)});
    }
    return fields;
  }());
  return kFields;
}

std::optional<FieldChanges> changes_in_version(const FieldWrite& write, const std::string& api_version, const Message& live,
                                               const json::Value& next) {
  const Kind* other = other_version(write.kind, api_version);
  const std::unique_ptr<Message> message = write.kind.make();
  if (other == nullptr || !json::decode(next, *message)) return std::nullopt;
  return changes_between(*in_shape(write.kind, *other, live), *in_shape(write.kind, *other, *message), write.reset);
}

void credit_update(const FieldWrite& write, const Message* old, Message& next) {
  FieldManagers managers = starting_point(write, old, next);
  metav1::ObjectMeta& meta = mutable_meta(next);
  meta.clear_managedfields();
  if (managers.empty() && old != nullptr) return;  // nobody tracked it so far
  const std::unique_ptr<Message> nothing = old == nullptr ? write.kind.make() : nullptr;
  VersionedChanges changes(write, old != nullptr ? *old : *nothing, next);
  std::erase_if(managers.all, [&](FieldManager& manager) {
    const FieldChanges* in_version = changes.in(manager.entry().apiversion());
    if (in_version == nullptr) return true;
    take_from(manager, *in_version);
    return manager.is_empty();
  });
  credit(write, std::move(changes.own()), managers);
  managers.limit_updaters();
  std::move(managers).write(meta);
}

void keep_times_of_same(const Message& old, Message& next) {
  const Entries& was = meta(old).managedfields();
  Entries& is = *mutable_meta(next).mutable_managedfields();
  if (was.size() != is.size() || is.empty() || same_entries(was, is)) return;
  Entries timed = is;
  for (int i = 0; i < is.size(); ++i) {
    if (was[i].has_time()) {
      *timed[i].mutable_time() = was[i].time();
    } else {
      timed[i].clear_time();
    }
  }
  if (!same_entries(was, timed)) return;
  is.Swap(&timed);
  const std::string version = meta(next).resourceversion();
  mutable_meta(next).set_resourceversion(meta(old).resourceversion());
  if (!semantically_equal_objects(next, old)) is.Swap(&timed);
  mutable_meta(next).set_resourceversion(version);
}

}  // namespace stint
