// A cache of one kind, kept current by list and watch, with handlers and indexes. The loop behind it relists by itself when a
// watch expires; handlers then see the difference. Loop thread only.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <unordered_map>

#include "base/loop.h"
#include "client/client.h"

namespace stint {

class Informer {
 public:
  // Either may be null: old null = added, next null = deleted. Called on the loop, after the cache changed. An object that took
  // the name of another (a new uid) is seen as a deletion and an addition, never as a change.
  using Handler = std::function<void(const Object& old, const Object& next)>;
  using IndexFn = std::function<std::vector<std::string>(const Message& object)>;

  Informer(Loop& loop, Client& client, const Kind& kind, ListOptions options = {});

  // REQUIRES: before start().
  void add_index(std::string name, IndexFn fn);
  // A handler added after the start is called with what is there already.
  void add_handler(Handler handler);
  void start();

  bool synced() const { return synced_.is_set(); }
  Event& synced_event() { return synced_; }

  Object get(std::string_view ns, std::string_view name) const;  // null if absent
  std::vector<Object> list() const;
  std::vector<Object> list(std::string_view ns) const;  // those of one namespace
  std::vector<Object> by_index(std::string_view index, std::string_view value) const;
  size_t count_by_index(std::string_view index, std::string_view value) const;
  size_t size() const { return objects_.size(); }
  const Kind& kind() const { return kind_; }

 private:
  Task<void> run();
  Task<Result<void>> list_and_watch();
  Task<Result<std::string>> relist();  // the version that the cache then shows
  void apply(const std::string& key, Object next);
  void replace(const std::string& key, const Object& old, const Object& next);

  Loop& loop_;
  Client& client_;
  const Kind& kind_;
  ListOptions options_;
  struct Index {
    IndexFn fn;
    std::unordered_map<std::string, std::map<std::string, Object>> entries;  // value → key → object
    void replace(const std::string& key, const Object& old, const Object& next);
  };
  std::map<std::string, Index, std::less<>> indexes_;
  std::deque<Handler> handlers_;  // a deque: a running handler may add one
  std::map<std::string, Object, std::less<>> objects_;
  Event synced_;
  Scope scope_;
};

// The standard index on pods and jobs: uid of the controlling owner.
std::vector<std::string> controller_uid_index(const Message& object);

}  // namespace stint
