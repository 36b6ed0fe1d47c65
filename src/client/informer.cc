#include "client/informer.h"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "base/log.h"

namespace stint {
namespace {

constexpr Duration kRelistDelay = std::chrono::seconds(1);

}  // namespace

Informer::Informer(Loop& loop, Client& client, const Kind& kind, ListOptions options)
    : loop_(loop), client_(client), kind_(kind), options_(std::move(options)), synced_(loop), scope_(loop) {}

void Informer::add_index(std::string name, IndexFn fn) { indexes_.emplace(std::move(name), Index{.fn = std::move(fn), .entries = {}}); }

void Informer::add_handler(Handler handler) {
  for (const Object& object : list()) handler(nullptr, object);
  handlers_.push_back(std::move(handler));
}

void Informer::start() { scope_.spawn(run()); }

Object Informer::get(std::string_view ns, std::string_view name) const {
  auto found = objects_.find(object_key(ns, name));
  return found == objects_.end() ? nullptr : found->second;
}

std::vector<Object> Informer::list() const {
  std::vector<Object> objects;
  objects.reserve(objects_.size());
  for (const auto& [key, object] : objects_) objects.push_back(object);
  return objects;
}

std::vector<Object> Informer::list(std::string_view ns) const {
  const std::string prefix = object_key(ns, "");  // keys of one namespace stand together
  std::vector<Object> objects;
  for (auto it = objects_.lower_bound(prefix); it != objects_.end() && it->first.starts_with(prefix); ++it) objects.push_back(it->second);
  return objects;
}

std::vector<Object> Informer::by_index(std::string_view index, std::string_view value) const {
  auto found = indexes_.find(index);
  if (found == indexes_.end()) std::abort();  // no such index was added
  std::vector<Object> objects;
  auto entries = found->second.entries.find(std::string(value));
  if (entries == found->second.entries.end()) return objects;
  objects.reserve(entries->second.size());
  for (const auto& [key, object] : entries->second) objects.push_back(object);
  return objects;
}

size_t Informer::count_by_index(std::string_view index, std::string_view value) const {
  auto found = indexes_.find(index);
  if (found == indexes_.end()) std::abort();  // no such index was added
  auto entries = found->second.entries.find(std::string(value));
  return entries == found->second.entries.end() ? 0 : entries->second.size();
}

Task<void> Informer::run() {
  while (true) {
    const Result<void> ended = co_await list_and_watch();
    if (!ended) log_warning("watch ended, listing again", "kind", kind_.kind, "error", ended.error().message);
    co_await sleep_for(loop_, kRelistDelay);
  }
}

// Returns when the watch is over: with the error that ended it, or with nothing when the server closed it.
Task<Result<void>> Informer::list_and_watch() {
  CO_TRY(std::string version, co_await relist());
  CO_TRY(std::unique_ptr<ObjectWatch> watch, co_await client_.watch(kind_, "", std::move(version), options_));
  while (std::optional<WatchEvent> event = co_await watch->next()) {
    switch (event->type) {
      case WatchType::kAdded:
      case WatchType::kModified:
        apply(object_key(*event->object), event->object);
        break;
      case WatchType::kDeleted:
        apply(object_key(*event->object), nullptr);
        break;
      case WatchType::kBookmark:
        break;
      case WatchType::kError:
        co_return fail(std::move(event->error));
    }
  }
  co_return Result<void>();
}

Task<Result<std::string>> Informer::relist() {
  CO_TRY(ObjectList listed, co_await client_.list(kind_, "", options_));
  std::set<std::string, std::less<>> present;
  for (const Object& object : listed.items) present.insert(object_key(*object));
  std::vector<std::string> gone;
  for (const auto& [key, object] : objects_) {
    if (!present.contains(key)) gone.push_back(key);
  }
  for (const std::string& key : gone) apply(key, nullptr);
  for (Object& object : listed.items) {
    const std::string key = object_key(*object);
    apply(key, std::move(object));
  }
  synced_.set();
  co_return std::move(listed.resource_version);
}

void Informer::apply(const std::string& key, Object next) {
  auto found = objects_.find(key);
  const Object old = found == objects_.end() ? nullptr : found->second;
  if (old && next) {
    if (meta(*old).resourceversion() == meta(*next).resourceversion()) return;
    if (meta(*old).uid() != meta(*next).uid()) {
      replace(key, old, nullptr);
      replace(key, nullptr, next);
      return;
    }
  }
  if (old || next) replace(key, old, next);
}

void Informer::Index::replace(const std::string& key, const Object& old, const Object& next) {
  const std::vector<std::string> values = next ? fn(*next) : std::vector<std::string>();
  if (old) {
    for (const std::string& value : fn(*old)) {
      if (std::ranges::find(values, value) != values.end()) continue;
      auto under = entries.find(value);
      if (under == entries.end()) continue;
      under->second.erase(key);
      if (under->second.empty()) entries.erase(under);
    }
  }
  for (const std::string& value : values) entries[value][key] = next;
}

void Informer::replace(const std::string& key, const Object& old, const Object& next) {
  for (auto& [name, index] : indexes_) index.replace(key, old, next);
  if (next) {
    objects_[key] = next;
  } else {
    objects_.erase(key);
  }
  // By position: a handler may add another, which has then seen this change already.
  for (size_t i = 0, count = handlers_.size(); i < count; ++i) handlers_[i](old, next);
}

std::vector<std::string> controller_uid_index(const Message& object) {
  const metav1::OwnerReference* owner = controller_of(object);
  if (owner == nullptr) return {};
  return {owner->uid()};
}

}  // namespace stint
