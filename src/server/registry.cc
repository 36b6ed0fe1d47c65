#include "server/registry.h"

#include "api/equality.h"
#include "server/errors.h"

namespace stint {

std::string Registry::prefix(const Kind& kind, std::string_view ns) {
  std::string text = "/registry/";
  text += kind.storage_resource;
  text += '/';
  if (!ns.empty()) {
    text += ns;
    text += '/';
  }
  return text;
}

std::string Registry::key(const Kind& kind, std::string_view ns, std::string_view name) {
  return prefix(kind, kind.namespaced ? ns : "") + std::string(name);
}

Result<std::optional<Stored>> Registry::find(const Kind& kind, std::string_view ns, std::string_view name) {
  std::string place = key(kind, ns, name);
  std::optional<Entry> entry = store_.get(place);
  if (!entry) {
    cache_.retire(place);
    return std::nullopt;
  }
  TRY(Object object, cache_.decode(kind, place, *entry->value, entry->mod_revision));
  return Stored{.key = std::move(place), .object = std::move(object), .revision = entry->mod_revision, .value = std::move(entry->value)};
}

Result<Stored> Registry::get(const Kind& kind, std::string_view ns, std::string_view name) {
  TRY(auto stored, find(kind, ns, name));
  if (!stored) return fail(not_found(kind, name));
  return *std::move(stored);
}

Result<std::vector<Object>> Registry::all(const Kind& kind, std::string_view ns) {
  TRY(Range range, store_.range({.prefix = prefix(kind, ns)}));
  std::vector<Object> objects;
  objects.reserve(range.entries.size());
  for (const Entry& entry : range.entries) {
    TRY(Object object, cache_.decode(kind, entry.key, *entry.value, entry.mod_revision));
    objects.push_back(std::move(object));
  }
  return objects;
}

bool Registry::exists(const Kind& kind, std::string_view ns, std::string_view name) const {
  return store_.get(key(kind, ns, name)).has_value();
}

Task<KeyLocks::Hold> Registry::lock(const Kind& kind, std::string_view ns, std::string_view name) {
  return locks_.acquire(key(kind, ns, name));
}

Result<Registry::Value> Registry::encode(const Kind& kind, Message& object) const {
  // The revision of the write is its resourceVersion: it is not part of the value.
  mutable_meta(object).clear_resourceversion();
  std::string bytes;
  if (kind.to_stored != nullptr) {
    const Kind& stored = stored_kind(kind);
    std::unique_ptr<Message> message = stored.make();
    kind.to_stored(object, *message);
    bytes = encode_stored(stored, *message);
  } else {
    bytes = encode_stored(kind, object);
  }
  if (bytes.size() > kObjectBytesMax) {
    return fail(Reason::kRequestEntityTooLarge, "Request entity too large: limit is " + std::to_string(kObjectBytesMax));
  }
  return std::make_shared<const std::string>(std::move(bytes));
}

namespace {

// An empty field is as good as none, for clients see no difference.
bool same_meaning(Message& next, const Message& current) {
  mutable_meta(next).set_resourceversion(meta(current).resourceversion());
  return next.GetDescriptor() == current.GetDescriptor() && semantically_equal_objects(next, current);
}

Object published(std::unique_ptr<Message> object, Revision revision) {
  mutable_meta(*object).set_resourceversion(std::to_string(revision));
  return Object(std::move(object));
}

}  // namespace

Task<Result<Object>> Registry::create(const Kind& kind, std::unique_ptr<Message> object, bool dry_run) {
  const std::string name = meta(*object).name();
  const std::string ns = meta(*object).namespace_();
  std::string place = key(kind, ns, name);
  CO_TRY(Value value, encode(kind, *object));
  if (dry_run) {
    if (!exists(kind, ns, name)) co_return Object(std::move(object));
  } else {
    const ObjectCache::Expected expected(cache_, kind, value, std::move(object));
    auto revision = co_await store_.commit({.key = place, .value = value, .expected = 0});
    if (revision) co_return cache_.decode(kind, place, *value, *revision);
    if (revision.error().reason != Reason::kConflict) co_return fail(std::move(revision).error());
  }
  CO_TRY(auto existing, find(kind, ns, name));
  co_return fail(already_exists(kind, name, existing && is_deleting(*existing->object)));
}

Task<Result<Object>> Registry::replace(const Kind& kind, Stored current, std::unique_ptr<Message> next, bool dry_run) {
  CO_TRY(Value value, encode(kind, *next));
  if (*value == *current.value || same_meaning(*next, *current.object)) co_return current.object;
  if (dry_run) co_return published(std::move(next), current.revision);
  const ObjectCache::Expected expected(cache_, kind, value, std::move(next));
  auto revision = co_await store_.commit({.key = current.key, .value = value, .expected = current.revision});
  if (revision) co_return cache_.decode(kind, current.key, *value, *revision);
  if (revision.error().reason == Reason::kConflict) co_return fail(modified_conflict(kind, meta(*current.object).name()));
  co_return fail(std::move(revision).error());
}

Task<Result<Object>> Registry::remove(const Kind& kind, Stored current, bool dry_run) {
  if (dry_run) co_return current.object;
  auto revision = co_await store_.commit({.key = current.key, .value = nullptr, .expected = current.revision});
  if (!revision) {
    if (revision.error().reason == Reason::kConflict) co_return fail(modified_conflict(kind, meta(*current.object).name()));
    co_return fail(std::move(revision).error());
  }
  CO_TRY(Object last, cache_.decode(kind, current.key, *current.value, *revision));
  cache_.retire(current.key);
  co_return last;
}

}  // namespace stint
