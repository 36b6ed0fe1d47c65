#include "faulty_client.h"

namespace stint::sim {
namespace {

class FaultyWatch final : public ObjectWatch {
 public:
  FaultyWatch(std::unique_ptr<ObjectWatch> inner, Faults& faults, std::string who)
      : inner_(std::move(inner)), faults_(faults), who_(std::move(who)) {}

  Task<std::optional<WatchEvent>> next() override {
    auto event = co_await inner_->next();
    co_await faults_.delay(faults_.slow_events);
    if (faults_.happens(faults_.ended_watches)) {
      faults_.journal.add("a watch of " + who_ + " ends, an event is lost");
      co_return std::nullopt;
    }
    co_return event;
  }

 private:
  std::unique_ptr<ObjectWatch> inner_;
  Faults& faults_;
  const std::string who_;
};

// What a call does besides answering.
enum class Effect { kNone, kWrite, kCreatePod };

class FaultyClient final : public Client {
 public:
  FaultyClient(Part part, std::unique_ptr<Client> inner, Faults& faults) : part_(part), inner_(std::move(inner)), faults_(faults) {}

  Task<Result<Object>> get(const Kind& kind, std::string ns, std::string name) override {
    std::string what = describe("get", kind, name);
    return call(inner_->get(kind, std::move(ns), std::move(name)), Effect::kNone, std::move(what));
  }
  Task<Result<ObjectList>> list(const Kind& kind, std::string ns, ListOptions options) override {
    return call(inner_->list(kind, std::move(ns), std::move(options)), Effect::kNone, describe("list", kind, ""));
  }
  Task<Result<std::unique_ptr<ObjectWatch>>> watch(const Kind& kind, std::string ns, std::string version, ListOptions options) override {
    auto inner = co_await inner_->watch(kind, std::move(ns), std::move(version), std::move(options));
    if (!inner) co_return std::unexpected(std::move(inner).error());
    const std::string who = std::string(part_name(part_)) + " for " + std::string(kind.plural);
    co_return std::unique_ptr<ObjectWatch>(std::make_unique<FaultyWatch>(*std::move(inner), faults_, who));
  }
  Task<Result<Object>> create(const Kind& kind, std::string ns, std::unique_ptr<Message> object) override {
    std::string what = describe("create", kind, meta(*object).name());
    const Effect effect = &kind == &kind_of<corev1::Pod>() ? Effect::kCreatePod : Effect::kWrite;
    return call(inner_->create(kind, std::move(ns), std::move(object)), effect, std::move(what));
  }
  Task<Result<Object>> update(const Kind& kind, std::unique_ptr<Message> object, std::string subresource) override {
    std::string what = describe("update", kind, meta(*object).name());
    co_await write_first(kind, meta(*object).namespace_(), meta(*object).name());
    auto inner = inner_->update(kind, std::move(object), std::move(subresource));
    co_return co_await call(std::move(inner), Effect::kWrite, std::move(what));
  }
  Task<Result<Object>> patch(const Kind& kind, std::string ns, std::string name, PatchType type, json::Value patch,
                             std::string subresource) override {
    std::string what = describe("patch", kind, name);
    return call(inner_->patch(kind, std::move(ns), std::move(name), type, std::move(patch), std::move(subresource)), Effect::kWrite,
                std::move(what));
  }
  Task<Result<Object>> remove(const Kind& kind, std::string ns, std::string name, DeleteRequest options) override {
    std::string what = describe("delete", kind, name);
    return call(inner_->remove(kind, std::move(ns), std::move(name), std::move(options)), Effect::kWrite, std::move(what));
  }
  Task<Result<Object>> create_subresource(const Kind& kind, std::string ns, std::string name, std::string subresource,
                                          std::unique_ptr<Message> body) override {
    return inner_->create_subresource(kind, std::move(ns), std::move(name), std::move(subresource), std::move(body));
  }
  Task<Result<void>> bind_pod(std::string ns, std::string pod, std::string pod_uid, std::string node) override {
    std::string what = "bind " + pod;
    return call(inner_->bind_pod(std::move(ns), std::move(pod), std::move(pod_uid), std::move(node)), Effect::kWrite, std::move(what));
  }
  Task<Result<Object>> finalize_namespace(std::unique_ptr<corev1::Namespace> object) override {
    return inner_->finalize_namespace(std::move(object));
  }

 private:
  std::string describe(std::string_view verb, const Kind& kind, const std::string& name) const {
    return std::string(part_name(part_)) + ": " + std::string(verb) + " " + std::string(kind.plural) + (name.empty() ? "" : " " + name);
  }

  template <class T>
  Task<Result<T>> call(Task<Result<T>> inner, Effect effect, std::string what) {
    co_await faults_.delay(faults_.slow_calls);
    if (faults_.happens(faults_.lost_calls)) {
      faults_.journal.add(what + " never arrives");
      co_return fail(Reason::kServiceUnavailable, "simulated: the server cannot be reached");
    }
    auto result = co_await std::move(inner);
    co_await faults_.delay(faults_.slow_calls);
    // A pod whose creation was answered by nothing is one that its maker does not know: see Checkers on parallelism.
    if (effect == Effect::kWrite && result && faults_.happens(faults_.lost_answers)) {
      faults_.journal.add(what + " is done, but its answer is lost");
      co_return fail(Reason::kServerTimeout, "simulated: no answer");
    }
    co_return result;
  }

  // Another hand writes first: an update with the old version is refused.
  Task<void> write_first(const Kind& kind, std::string ns, std::string name) {
    if (!faults_.happens(faults_.conflicts)) co_return;
    const json::Value touched = std::to_string(faults_.dice.up_to(1'000'000));
    const json::Value patch = json::Members{{"metadata", json::Members{{"annotations", json::Members{{"sim/touched", touched}}}}}};
    faults_.journal.add("another hand touches " + std::string(kind.plural) + " " + name);
    static_cast<void>(co_await inner_->patch(kind, std::move(ns), std::move(name), PatchType::kMerge, patch, ""));
  }

  const Part part_;
  std::unique_ptr<Client> inner_;
  Faults& faults_;
};

}  // namespace

std::unique_ptr<Client> make_faulty_client(Part part, std::unique_ptr<Client> inner, Faults& faults) {
  return std::make_unique<FaultyClient>(part, std::move(inner), faults);
}

std::string_view part_name(Part part) {
  switch (part) {
    case Part::kControllers:
      return "controllers";
    case Part::kScheduler:
      return "scheduler";
    case Part::kNode:
      return "node";
  }
  return "";
}

}  // namespace stint::sim
