// Decoded objects and their encodings, by storage key and revision, so that a version of an object is decoded once, and encoded
// once in each form, however many gets, lists, watches and informers show it. It grows and shrinks with the store: the present version of
// each key, and the last kPastVersionsMax versions that were replaced or deleted (slow watchers still ask for those).
// Loop thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "api/codec.h"
#include "server/object_form.h"
#include "store/store.h"

namespace stint {

class ObjectCache {
 public:
  static constexpr size_t kPastVersionsMax = 1024;
  static constexpr size_t kEncodedBytesMax = 64 * 1024 * 1024;

  explicit ObjectCache(const Store& store) : store_(store) {}

  // The object in `value`, in the kind's own shape, with `revision` as its resourceVersion; of a deleted key the last value
  // with the revision of the deletion. kInternalError: it cannot be read.
  Result<Object> decode(const Kind& kind, std::string_view key, std::string_view value, Revision revision);
  // The object that `value` is the encoding of, while it is on its way into the store: whoever reads the value first takes the object
  // for it, so that nobody decodes what was just encoded. Known by the place of its bytes, which live as long as this.
  class Expected {
   public:
    Expected(ObjectCache& cache, const Kind& kind, std::shared_ptr<const std::string> value, std::unique_ptr<Message> object);
    Expected(const Expected&) = delete;
    Expected& operator=(const Expected&) = delete;
    ~Expected();

   private:
    friend class ObjectCache;
    ObjectCache& cache_;
    const Kind& kind_;
    std::shared_ptr<const std::string> value_;
    std::unique_ptr<Message> object_;  // null: taken
  };
  // The key is gone from the store.
  void retire(std::string_view key);

  // The object in a form. Kept for objects that came from this cache, made afresh for others (dry runs).
  std::shared_ptr<const std::string> encoded(const Kind& kind, const Object& object, Form form);

  size_t size() const { return encodings_.size(); }

 private:
  struct Version {
    Revision revision = 0;
    const Kind* kind = nullptr;  // of two shapes in one store
    Object object;
    bool past = false;
  };
  struct KeyHash {
    using is_transparent = void;
    size_t operator()(std::string_view key) const { return std::hash<std::string_view>()(key); }
  };
  std::unique_ptr<Message> take_expected(const Kind& kind, std::string_view value);
  const Version* find(const Kind& kind, std::string_view key, Revision revision) const;
  void insert(std::string_view key, Version version);
  void make_past(const std::string& key, Version& version);
  void drop_oldest_past();
  void forget_encodings(const Message* object);

  const Store& store_;
  std::unordered_map<std::string, std::vector<Version>, KeyHash, std::equal_to<>> versions_;
  std::unordered_map<const char*, Expected*> expected_;  // by the first byte of the value
  std::deque<std::pair<std::string, Revision>> past_;    // oldest first
  // Of each cached object, those forms that were asked for; mostly one, so that a search along them is the quickest.
  using Encodings = std::vector<std::pair<Form, std::shared_ptr<const std::string>>>;
  std::unordered_map<const Message*, Encodings> encodings_;
  size_t encoded_bytes_ = 0;
};

// The kind whose shape lies in the store: `kind` itself, or the one that it converts to.
const Kind& stored_kind(const Kind& kind);

}  // namespace stint
