#include "server/object_cache.h"

#include <algorithm>
#include <cassert>

namespace stint {

const Kind& stored_kind(const Kind& kind) {
  if (kind.to_stored == nullptr) return kind;
  for (const Kind& other : kinds()) {
    if (other.to_stored == nullptr && other.storage_resource == kind.storage_resource) return other;
  }
  assert(false && "a kind converts to a stored shape that is not served");
  std::abort();
}

namespace {

Result<std::unique_ptr<Message>> read_value(const Kind& kind, std::string_view key, std::string_view value, Revision revision) {
  auto decoded = decode_stored(stored_kind(kind), value);
  if (!decoded)
    return fail(Reason::kInternalError, "Internal error occurred: reading " + std::string(key) + ": " + decoded.error().message);
  std::unique_ptr<Message> object = *std::move(decoded);
  if (kind.from_stored != nullptr) {
    std::unique_ptr<Message> shape = kind.make();
    kind.from_stored(*object, *shape);
    object = std::move(shape);
  }
  mutable_meta(*object).set_resourceversion(std::to_string(revision));
  return object;
}

}  // namespace

const ObjectCache::Version* ObjectCache::find(const Kind& kind, std::string_view key, Revision revision) const {
  auto it = versions_.find(key);
  if (it == versions_.end()) return nullptr;
  for (const Version& version : it->second) {
    if (version.revision == revision && version.kind == &kind) return &version;
  }
  return nullptr;
}

Result<Object> ObjectCache::decode(const Kind& kind, std::string_view key, std::string_view value, Revision revision) {
  if (const Version* version = find(kind, key, revision)) return version->object;
  std::unique_ptr<Message> message = take_expected(kind, value);
  if (message) {
    mutable_meta(*message).set_resourceversion(std::to_string(revision));
  } else {
    TRY(message, read_value(kind, key, value, revision));
  }
  Object object(std::move(message));
  insert(key, {.revision = revision, .kind = &kind, .object = object});
  return object;
}

ObjectCache::Expected::Expected(ObjectCache& cache, const Kind& kind, std::shared_ptr<const std::string> value,
                                std::unique_ptr<Message> object)
    : cache_(cache), kind_(kind), value_(std::move(value)), object_(std::move(object)) {
  cache_.expected_[value_->data()] = this;
}

ObjectCache::Expected::~Expected() { cache_.expected_.erase(value_->data()); }

std::unique_ptr<Message> ObjectCache::take_expected(const Kind& kind, std::string_view value) {
  auto it = expected_.find(value.data());
  if (it == expected_.end() || &it->second->kind_ != &kind) return nullptr;
  return std::move(it->second->object_);
}

void ObjectCache::retire(std::string_view key) {
  auto it = versions_.find(key);
  if (it == versions_.end()) return;
  for (Version& version : it->second) make_past(it->first, version);
  drop_oldest_past();
}

void ObjectCache::insert(std::string_view key, Version version) {
  auto it = versions_.find(key);
  if (it == versions_.end()) it = versions_.emplace(std::string(key), std::vector<Version>()).first;
  std::vector<Version>& all = it->second;
  for (Version& other : all) {
    if (other.revision < version.revision) make_past(it->first, other);
  }
  encodings_.try_emplace(version.object.get());
  const std::optional<Entry> present = store_.get(key);
  const bool past = !present || present->mod_revision != version.revision;
  all.push_back(std::move(version));
  if (past) make_past(it->first, all.back());
  drop_oldest_past();
}

void ObjectCache::make_past(const std::string& key, Version& version) {
  if (version.past) return;
  version.past = true;
  past_.emplace_back(key, version.revision);
}

void ObjectCache::drop_oldest_past() {
  while (past_.size() > kPastVersionsMax) {
    auto [key, revision] = std::move(past_.front());
    past_.pop_front();
    auto it = versions_.find(key);
    if (it == versions_.end()) continue;
    std::erase_if(it->second, [&, this, revision = revision](const Version& version) {
      if (!version.past || version.revision != revision) return false;
      forget_encodings(version.object.get());
      return true;
    });
    if (it->second.empty()) versions_.erase(it);
  }
}

void ObjectCache::forget_encodings(const Message* object) {
  auto it = encodings_.find(object);
  for (const auto& [form, bytes] : it->second) encoded_bytes_ -= bytes->size();
  encodings_.erase(it);
}

std::shared_ptr<const std::string> ObjectCache::encoded(const Kind& kind, const Object& object, Form form) {
  auto it = encodings_.find(object.get());
  if (it != encodings_.end()) {
    for (const auto& [made, bytes] : it->second) {
      if (made == form) return bytes;
    }
  }
  auto bytes = std::make_shared<const std::string>(encode_as(kind, *object, form));
  if (it == encodings_.end()) return bytes;
  if (encoded_bytes_ + bytes->size() > kEncodedBytesMax) {
    for (auto& [unused, kept] : encodings_) kept.clear();
    encoded_bytes_ = 0;
  }
  it->second.emplace_back(form, bytes);
  encoded_bytes_ += bytes->size();
  return bytes;
}

}  // namespace stint
