// How everything but the server itself reads and writes objects: controllers, scheduler and node agent see only this, so
// each of them can be replaced by upstream's program or moved to another machine. LocalClient (app/local_client.h) calls the
// server in process, through the same pipeline as HTTP. Loop thread only.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/verbs.h"
#include "base/result.h"
#include "base/task.h"

namespace stint {

class Client {
 public:
  virtual ~Client() = default;
  virtual Task<Result<Object>> get(const Kind& kind, std::string ns, std::string name) = 0;
  virtual Task<Result<ObjectList>> list(const Kind& kind, std::string ns, ListOptions options) = 0;  // ns "": all
  // Changes after resource_version. Errors known at once are returned; an expired version is kExpired.
  virtual Task<Result<std::unique_ptr<ObjectWatch>>> watch(const Kind& kind, std::string ns, std::string resource_version,
                                                           ListOptions options) = 0;
  virtual Task<Result<Object>> create(const Kind& kind, std::string ns, std::unique_ptr<Message> object) = 0;
  // `subresource`: "" or "status". The object's resourceVersion is the optimistic lock, "" none.
  virtual Task<Result<Object>> update(const Kind& kind, std::unique_ptr<Message> object, std::string subresource) = 0;
  virtual Task<Result<Object>> patch(const Kind& kind, std::string ns, std::string name, PatchType type, json::Value patch,
                                     std::string subresource) = 0;
  // The object as it is after the call (still there with finalizers or grace), or its last state.
  virtual Task<Result<Object>> remove(const Kind& kind, std::string ns, std::string name, DeleteRequest options) = 0;
  // POST of a subresource, "token" of a ServiceAccount: what it answers.
  virtual Task<Result<Object>> create_subresource(const Kind& kind, std::string ns, std::string name, std::string subresource,
                                                  std::unique_ptr<Message> body) = 0;
  virtual Task<Result<void>> bind_pod(std::string ns, std::string pod, std::string pod_uid, std::string node) = 0;
  // PUT /finalize of a namespace.
  virtual Task<Result<Object>> finalize_namespace(std::unique_ptr<corev1::Namespace> object) = 0;
};

// Typed forms: auto job = co_await get<batchv1::Job>(client, ns, name);
template <class T>
std::shared_ptr<const T> as(const Object& object) {
  return std::static_pointer_cast<const T>(object);
}
template <class T>
Task<Result<std::shared_ptr<const T>>> get(Client& client, std::string ns, std::string name) {
  CO_TRY(auto object, co_await client.get(kind_of<T>(), std::move(ns), std::move(name)));
  co_return as<T>(object);
}
template <class T>
Task<Result<std::shared_ptr<const T>>> create(Client& client, T object) {
  std::string ns = object.metadata().namespace_();
  CO_TRY(auto made, co_await client.create(kind_of<T>(), std::move(ns), std::make_unique<T>(std::move(object))));
  co_return as<T>(made);
}
template <class T>
Task<Result<std::shared_ptr<const T>>> update(Client& client, T object, std::string subresource = "") {
  CO_TRY(auto made, co_await client.update(kind_of<T>(), std::make_unique<T>(std::move(object)), std::move(subresource)));
  co_return as<T>(made);
}

}  // namespace stint
