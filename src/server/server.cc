#include "server/server.h"

#include <array>

#include "server/errors.h"
#include "server/pipeline.h"
#include "server/reviews.h"

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
  FrontDoor(Loop& loop, Store& store, ServerOptions options) : core_(loop, store, std::move(options)), ready_(loop), scope_(loop) {
    scope_.spawn(keep_system_objects(core_, ready_));
    scope_.spawn(keep_compacted(core_));
  }

  Event& ready() override { return ready_; }
  Authenticator& authenticator() override { return core_.authenticator; }
  Authorizer& authorizer() override { return core_.authorizer; }
  const ServiceAccountTokens& account_tokens() const override { return core_.account_tokens; }

  Task<Result<Answer>> handle(Request request) override {
    co_await ready_.wait();
    CO_TRY_VOID(check_verb(request));
    switch (request.verb) {
      case Verb::kGet:
        co_return co_await get_object(core_, request);
      case Verb::kList:
        co_return co_await list_objects(core_, request);
      case Verb::kCreate:
        co_return co_await create(std::move(request));
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
    CO_TRY_VOID(check_verb(request));
    co_return co_await watch_objects(core_, request);
  }

  std::shared_ptr<const std::string> encoded(const Kind& kind, const Object& object, Form form) override {
    return core_.registry.cache().encoded(kind, object, form);
  }

  void set_usage_source(const UsageSource* source) override { core_.usage = source; }

 private:
  Task<Result<Answer>> create(Request request) {
    const CreateHandler handler = create_handler(*request.kind, request.subresource);
    if (handler == nullptr) co_return fail(method_not_allowed(*request.kind, verb_name(request.verb)));
    co_return co_await handler(core_, std::move(request));
  }

  Core core_;
  Event ready_;
  Scope scope_;
};

}  // namespace

Core::Core(Loop& l, Store& store, ServerOptions options)
    : loop(l),
      registry(l, store),
      authorizer(registry),
      account_tokens(l, registry, options.account_key ? *std::move(options.account_key) : SigningKey::make().value(),
                     std::move(options.issuer)),
      authenticator(std::move(options.tokens), account_tokens),
      api_host(std::move(options.api_host)),
      api_port(options.api_port) {}

std::string_view verb_name(Verb verb) {
  static constexpr std::array<std::string_view, 8> kNames = {"get",    "list",  "watch",  "create",
                                                             "update", "patch", "delete", "deletecollection"};
  return kNames[static_cast<size_t>(verb)];
}

std::unique_ptr<Server> make_server(Loop& loop, Store& store, ServerOptions options) {
  return std::make_unique<FrontDoor>(loop, store, std::move(options));
}

}  // namespace stint
