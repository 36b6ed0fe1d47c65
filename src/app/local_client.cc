#include "app/local_client.h"

namespace stint {

namespace {

class LocalClient final : public Client {
 public:
  LocalClient(Server& server, User user, std::string field_manager)
      : server_(server), user_(std::move(user)), field_manager_(std::move(field_manager)) {}

  Task<Result<Object>> get(const Kind& kind, std::string ns, std::string name) override {
    return one(request(Verb::kGet, kind, std::move(ns), std::move(name)));
  }

  Task<Result<ObjectList>> list(const Kind& kind, std::string ns, ListOptions options) override {
    Request list = request(Verb::kList, kind, std::move(ns), "");
    list.label_selector = std::move(options.label_selector);
    list.field_selector = std::move(options.field_selector);
    CO_TRY(Answer answer, co_await server_.handle(std::move(list)));
    co_return ObjectList{.items = std::move(answer.items), .resource_version = std::move(answer.resource_version)};
  }

  Task<Result<std::unique_ptr<ObjectWatch>>> watch(const Kind& kind, std::string ns, std::string resource_version,
                                                   ListOptions options) override {
    Request watch = request(Verb::kWatch, kind, std::move(ns), "");
    watch.resource_version = std::move(resource_version);
    watch.label_selector = std::move(options.label_selector);
    watch.field_selector = std::move(options.field_selector);
    return server_.watch(std::move(watch));
  }

  Task<Result<Object>> create(const Kind& kind, std::string ns, std::unique_ptr<Message> object) override {
    Request create = request(Verb::kCreate, kind, std::move(ns), "");
    create.body.message = std::move(object);
    return one(std::move(create));
  }

  Task<Result<Object>> update(const Kind& kind, std::unique_ptr<Message> object, std::string subresource) override {
    Request update = request(Verb::kUpdate, kind, meta(*object).namespace_(), meta(*object).name());
    update.subresource = std::move(subresource);
    update.body.message = std::move(object);
    return one(std::move(update));
  }

  Task<Result<Object>> patch(const Kind& kind, std::string ns, std::string name, PatchType type, json::Value patch,
                             std::string subresource) override {
    Request request = this->request(Verb::kPatch, kind, std::move(ns), std::move(name));
    request.subresource = std::move(subresource);
    request.patch = PatchBody{.type = type, .patch = std::move(patch)};
    return one(std::move(request));
  }

  Task<Result<Object>> remove(const Kind& kind, std::string ns, std::string name, DeleteRequest options) override {
    Request remove = request(Verb::kDelete, kind, std::move(ns), std::move(name));
    remove.propagation_chosen = options.propagation.has_value();
    remove.remove = std::move(options);
    return one(std::move(remove));
  }

  Task<Result<Object>> create_subresource(const Kind& kind, std::string ns, std::string name, std::string subresource,
                                          std::unique_ptr<Message> body) override {
    Request create = request(Verb::kCreate, kind, std::move(ns), std::move(name));
    create.subresource = std::move(subresource);
    create.body.message = std::move(body);
    return one(std::move(create));
  }

  Task<Result<void>> bind_pod(std::string ns, std::string pod, std::string pod_uid, std::string node) override {
    auto binding = std::make_unique<corev1::Binding>();
    binding->mutable_metadata()->set_namespace_(ns);
    binding->mutable_metadata()->set_name(pod);
    binding->mutable_metadata()->set_uid(std::move(pod_uid));
    binding->mutable_target()->set_kind("Node");
    binding->mutable_target()->set_name(std::move(node));
    Request bind = request(Verb::kCreate, kind_of<corev1::Pod>(), std::move(ns), std::move(pod));
    bind.subresource = "binding";
    bind.body.message = std::move(binding);
    CO_TRY_VOID(co_await server_.handle(std::move(bind)));
    co_return Result<void>();
  }

  Task<Result<Object>> finalize_namespace(std::unique_ptr<corev1::Namespace> object) override {
    return update(kind_of<corev1::Namespace>(), std::move(object), "finalize");
  }

 private:
  Request request(Verb verb, const Kind& kind, std::string ns, std::string name) const {
    return {.user = user_, .verb = verb, .kind = &kind, .ns = std::move(ns), .name = std::move(name), .field_manager = field_manager_};
  }

  Task<Result<Object>> one(Request request) {
    CO_TRY(Answer answer, co_await server_.handle(std::move(request)));
    co_return std::move(answer.object);
  }

  Server& server_;
  const User user_;
  const std::string field_manager_;
};

}  // namespace

std::unique_ptr<Client> make_local_client(Server& server, User user, std::string field_manager) {
  return std::make_unique<LocalClient>(server, std::move(user), std::move(field_manager));
}

}  // namespace stint
