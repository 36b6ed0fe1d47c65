// The server's behaviour over one map, for tests of whatever sees only a Client: optimistic locks, generated names, finalizers
// and grace, watches with selectors, and failures on demand. No validation, no admission. Loop thread only.
#pragma once

#include <concepts>
#include <deque>
#include <functional>
#include <map>
#include <optional>

#include "base/loop.h"
#include "client/client.h"

namespace stint {

class FakeClient : public Client {
 public:
  // Asked before each call; an error is what the caller gets. Verbs: get list watch create update patch delete bind finalize.
  using FailureHook = std::function<std::optional<Error>(std::string_view verb, const Kind& kind, std::string_view name)>;
  // Changes kept for watches from an older version; past them a watch is kExpired.
  static constexpr size_t kHistoryMax = 10000;

  explicit FakeClient(Loop& loop) : loop_(loop) {}
  ~FakeClient() override;

  Task<Result<Object>> get(const Kind& kind, std::string ns, std::string name) override;
  Task<Result<ObjectList>> list(const Kind& kind, std::string ns, ListOptions options) override;
  Task<Result<std::unique_ptr<ObjectWatch>>> watch(const Kind& kind, std::string ns, std::string resource_version,
                                                   ListOptions options) override;
  Task<Result<Object>> create(const Kind& kind, std::string ns, std::unique_ptr<Message> object) override;
  Task<Result<Object>> update(const Kind& kind, std::unique_ptr<Message> object, std::string subresource) override;
  Task<Result<Object>> patch(const Kind& kind, std::string ns, std::string name, PatchType type, json::Value patch,
                             std::string subresource) override;
  Task<Result<Object>> remove(const Kind& kind, std::string ns, std::string name, DeleteRequest options) override;
  // Knows "token" only: the token tells its account and how many were given before.
  Task<Result<Object>> create_subresource(const Kind& kind, std::string ns, std::string name, std::string subresource,
                                          std::unique_ptr<Message> body) override;
  Task<Result<void>> bind_pod(std::string ns, std::string pod, std::string pod_uid, std::string node) override;
  Task<Result<Object>> finalize_namespace(std::unique_ptr<corev1::Namespace> object) override;

  void set_failures(FailureHook hook) { failures_ = std::move(hook); }
  // Each call takes this long (virtual) time; none by default.
  void set_latency(Duration latency) { latency_ = latency; }
  // Ends all watches as an expired version does, and forgets the history.
  void expire_watches();

  // For the test itself, past hook and locks.
  Object find(const Kind& kind, std::string_view ns, std::string_view name) const;  // null if absent
  std::vector<Object> all(const Kind& kind, std::string_view ns = "") const;        // by namespace and name
  // Creates or replaces just as given, status and deletion marks too; missing uid, creation time, generation and defaults are filled in.
  Object put(std::unique_ptr<Message> object);
  // Gone at once, whatever its finalizers. True: it was there.
  bool erase(const Kind& kind, std::string_view ns, std::string_view name);
  template <class T>
  std::shared_ptr<const T> find(std::string_view ns, std::string_view name) const {
    return as<T>(find(kind_of<T>(), ns, name));
  }
  template <class T>
  std::vector<std::shared_ptr<const T>> all(std::string_view ns = "") const {
    std::vector<std::shared_ptr<const T>> objects;
    for (const Object& object : all(kind_of<T>(), ns)) objects.push_back(as<T>(object));
    return objects;
  }
  template <std::derived_from<Message> T>
  std::shared_ptr<const T> put(T object) {
    return as<T>(put(std::unique_ptr<Message>(std::make_unique<T>(std::move(object)))));
  }
  // "create pods ns/name", in order of arrival, failed ones too; subresources as "update jobs/status ns/name".
  const std::vector<std::string>& calls() const { return calls_; }
  void clear_calls() { calls_.clear(); }

 private:
  class Watch;
  struct Change {
    std::string key;
    Object previous;
    Object object;  // for a deletion the last state with the deletion's version
    bool deleted = false;
    int64_t revision = 0;
  };

  std::optional<Error> arrive(std::string_view verb, const Kind& kind, std::string_view subresource, std::string_view ns,
                              std::string_view name);
  Task<void> pass_time();
  Result<Object> commit_update(const Kind& kind, std::unique_ptr<Message> next, std::string_view subresource);
  Object write(const Kind& kind, std::unique_ptr<Message> object);
  Object erase_as(const Kind& kind, std::unique_ptr<Message> last);
  Result<Object> mark_deleted(const Kind& kind, const Object& object, const DeleteRequest& options);
  void publish(Change change);
  std::string new_uid();

  Loop& loop_;
  FailureHook failures_;
  Duration latency_{0};
  std::map<std::string, Object, std::less<>> objects_;  // by storage key
  std::deque<Change> history_;
  int64_t revision_ = 1;
  int64_t compacted_ = 1;
  std::vector<Watch*> watches_;
  int tokens_given_ = 0;
  std::vector<std::string> calls_;
};

}  // namespace stint
