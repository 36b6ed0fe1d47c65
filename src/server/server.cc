#include "server/server.h"

#include "server/errors.h"
#include "server/pipeline.h"

namespace stint {

namespace {

// The URL's verb exists for the resource or its subresource.
Result<void> check_verb(const Request& request) {
  const Kind& kind = *request.kind;
  const std::string_view verb = verb_name(request.verb);
  if (request.subresource.empty()) {
    if (!kind.has_verb(verb)) return fail(method_not_allowed(kind, verb));
    return {};
  }
  const Subresource* subresource = kind.subresource(request.subresource);
  if (subresource == nullptr) return fail(Reason::kNotFound, "the server could not find the requested resource");
  if (!subresource->has_verb(verb)) return fail(method_not_allowed(kind, verb));
  return {};
}

class FrontDoor final : public Server {
 public:
  FrontDoor(Loop& loop, Store& store) : core_(loop, store), ready_(loop), scope_(loop) {
    scope_.spawn(keep_system_namespaces(core_, ready_));
  }

  Task<Result<Answer>> handle(Request request) override {
    co_await ready_.wait();
    CO_TRY_VOID(authorize(request));
    CO_TRY_VOID(check_verb(request));
    switch (request.verb) {
      case Verb::kGet:
        co_return co_await get_object(core_, request);
      case Verb::kList:
        co_return co_await list_objects(core_, request);
      case Verb::kCreate:
        if (request.subresource == "binding") co_return co_await bind_pod(core_, std::move(request));
        if (request.subresource == "eviction") co_return co_await evict_pod(core_, std::move(request));
        co_return co_await create_object(core_, std::move(request));
      case Verb::kUpdate:
      case Verb::kPatch:
        co_return co_await update_object(core_, std::move(request));
      case Verb::kDelete:
        co_return co_await delete_object(core_, std::move(request));
      case Verb::kDeleteCollection:
        co_return co_await delete_collection(core_, std::move(request));
      case Verb::kWatch:
        break;  // answers with a stream: see watch()
    }
    co_return fail(method_not_allowed(*request.kind, verb_name(request.verb)));
  }

  Task<Result<std::unique_ptr<ObjectWatch>>> watch(Request request) override {
    co_await ready_.wait();
    CO_TRY_VOID(authorize(request));
    CO_TRY_VOID(check_verb(request));
    co_return co_await watch_objects(core_, request);
  }

  std::shared_ptr<const std::string> encoded(const Kind& kind, const Object& object, Form form) override {
    return core_.registry.cache().encoded(kind, object, form);
  }

 private:
  Core core_;
  Event ready_;  // the system namespaces are there
  Scope scope_;
};

}  // namespace

std::unique_ptr<Server> make_server(Loop& loop, Store& store) { return std::make_unique<FrontDoor>(loop, store); }

}  // namespace stint
