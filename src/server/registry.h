// Objects in the store: keys as upstream lays them out in etcd, decoding through the cache, optimistic writes, and the dry
// run of each. Knows kinds but no rules. Loop thread only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/loop.h"
#include "server/key_lock.h"
#include "server/object_cache.h"
#include "store/store.h"

namespace stint {

// An object as it lies in the store now.
struct Stored {
  std::string key;
  Object object;  // in the shape that was asked for
  Revision revision = 0;
  std::shared_ptr<const std::string> value;
};

class Registry {
 public:
  // As etcd's default limit of a request.
  static constexpr size_t kObjectBytesMax = 1536 * 1024;

  Registry(Loop& loop, Store& store) : store_(store), cache_(store), locks_(loop) {}

  // "/registry/<resource>/[<namespace>/]": what lies below is of the kind; ns "" is every namespace.
  static std::string prefix(const Kind& kind, std::string_view ns);
  static std::string key(const Kind& kind, std::string_view ns, std::string_view name);

  // Nothing when it is not there. kInternalError when it cannot be read.
  Result<std::optional<Stored>> find(const Kind& kind, std::string_view ns, std::string_view name);
  // kNotFound when it is not there.
  Result<Stored> get(const Kind& kind, std::string_view ns, std::string_view name);
  // Those of one namespace, or all of them, as they lie in the store now.
  Result<std::vector<Object>> all(const Kind& kind, std::string_view ns);
  bool exists(const Kind& kind, std::string_view ns, std::string_view name) const;

  // A writer that reads, decides and writes holds the object's key meanwhile.
  Task<KeyLocks::Hold> lock(const Kind& kind, std::string_view ns, std::string_view name);

  // kAlreadyExists when the key is taken, kRequestEntityTooLarge. The answer of a dry run has no resourceVersion.
  Task<Result<Object>> create(const Kind& kind, std::unique_ptr<Message> object, bool dry_run);
  // kConflict when somebody else wrote since `current` was read. Writes nothing when the bytes are the same.
  Task<Result<Object>> replace(const Kind& kind, Stored current, std::unique_ptr<Message> next, bool dry_run);
  // The last state with the revision of the deletion. kConflict as above.
  Task<Result<Object>> remove(const Kind& kind, Stored current, bool dry_run);

  Store& store() { return store_; }
  ObjectCache& cache() { return cache_; }

 private:
  using Value = std::shared_ptr<const std::string>;
  Result<Value> encode(const Kind& kind, Message& object) const;

  Store& store_;
  ObjectCache cache_;
  KeyLocks locks_;
};

}  // namespace stint
