// For the tests of this folder: a server over the memory store in virtual time, and requests in one line. Loop thread only.
#pragma once

#include <gtest/gtest.h>

#include "base/sim_loop.h"
#include "server/server.h"
#include "store/memory/memory_store.h"

namespace stint {

class ServerTest : public ::testing::Test {
 protected:
  static constexpr WallTime kStart{std::chrono::seconds(1'800'000'000)};

  ServerTest() {
    loop_.run_ready();
    // What a controller would make.
    corev1::ServiceAccount account;
    account.mutable_metadata()->set_name("default");
    static_cast<void>(create(account));
  }

  static ServerOptions server_options() {
    ServerOptions options;
    options.tokens["secret"] = User{"admin", {"system:masters"}};
    options.tokens["weak"] = User{"guest", {}};
    return options;
  }

  // Runs the task in virtual time, at most `limit`, and fails the test when it has not ended then.
  template <class T>
  T finish(Task<T> task, Duration limit = std::chrono::seconds(10)) {
    std::optional<T> value;
    Event done(loop_);
    Scope scope(loop_);
    scope.spawn(internal::store_result(std::move(task), &value, &done));
    loop_.run_ready();
    if (!value) loop_.run_for(limit);
    EXPECT_TRUE(value.has_value()) << "the task did not end";
    if (!value) std::abort();
    return std::move(*value);
  }

  template <class T>
  static Request request(Verb verb, std::string name = "", std::string ns = "default") {
    const Kind& kind = kind_of<T>();
    Request request{.user = {.name = "admin", .groups = {"system:masters"}}, .verb = verb, .kind = &kind};
    request.ns = kind.namespaced ? std::move(ns) : "";
    request.name = std::move(name);
    return request;
  }
  Result<Answer> handle(Request request) { return finish(server_->handle(std::move(request))); }

  template <class T>
  Result<Answer> create(const T& object, std::string ns = "default") {
    Request create = request<T>(Verb::kCreate, "", std::move(ns));
    create.body.message = std::make_unique<T>(object);
    return handle(std::move(create));
  }
  template <class T>
  Result<Answer> update(const T& object, std::string subresource = "") {
    Request update = request<T>(Verb::kUpdate, object.metadata().name());
    if (!object.metadata().namespace_().empty()) update.ns = object.metadata().namespace_();
    update.subresource = std::move(subresource);
    update.body.message = std::make_unique<T>(object);
    return handle(std::move(update));
  }
  template <class T>
  Result<Answer> patch(std::string name, PatchType type, std::string_view text, std::string subresource = "") {
    Request patch = request<T>(Verb::kPatch, std::move(name));
    patch.subresource = std::move(subresource);
    patch.patch = PatchBody{.type = type, .patch = json::parse(text).value()};
    return handle(std::move(patch));
  }
  // `configuration` is YAML without apiVersion, kind and name.
  template <class T>
  Result<Answer> apply(std::string name, std::string manager, std::string_view configuration, bool force = false,
                       std::string subresource = "") {
    Request apply = request<T>(Verb::kPatch, name);
    apply.subresource = std::move(subresource);
    apply.field_manager = std::move(manager);
    apply.force = force;
    json::Value document = json::parse_yaml(configuration).value();
    document.as_object()["apiVersion"] = apply.kind->api_version();
    document.as_object()["kind"] = apply.kind->kind;
    json::Value& metadata = document.as_object()["metadata"];
    if (!metadata.is_object()) metadata = json::Members();
    metadata.as_object()["name"] = std::move(name);
    apply.patch = PatchBody{.type = PatchType::kApply, .patch = std::move(document)};
    return handle(std::move(apply));
  }
  template <class T>
  Result<Answer> get(std::string name) {
    return handle(request<T>(Verb::kGet, std::move(name)));
  }
  template <class T>
  Result<Answer> remove(std::string name, DeleteRequest options = {}) {
    Request remove = request<T>(Verb::kDelete, std::move(name));
    remove.remove = std::move(options);
    return handle(std::move(remove));
  }
  template <class T>
  static const T& object_of(const Result<Answer>& answer) {
    if (!answer) ADD_FAILURE() << answer.error().message;
    return static_cast<const T&>(*answer.value().object);
  }

  static corev1::ConfigMap config_map(std::string name) {
    corev1::ConfigMap map;
    map.mutable_metadata()->set_name(std::move(name));
    return map;
  }
  static corev1::Pod pod(std::string name) {
    corev1::Pod pod;
    pod.mutable_metadata()->set_name(std::move(name));
    auto& container = *pod.mutable_spec()->add_containers();
    container.set_name("main");
    container.set_image("busybox");
    return pod;
  }
  static batchv1::Job job(std::string name) {
    batchv1::Job job;
    job.mutable_metadata()->set_name(std::move(name));
    auto& spec = *job.mutable_spec()->mutable_template_()->mutable_spec();
    spec.set_restartpolicy("Never");
    auto& container = *spec.add_containers();
    container.set_name("main");
    container.set_image("busybox");
    return job;
  }

  SimLoop loop_{kStart};
  std::unique_ptr<Store> store_ = make_memory_store(loop_);
  std::unique_ptr<Server> server_ = make_server(loop_, *store_, server_options());
};

}  // namespace stint
