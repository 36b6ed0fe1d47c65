#include "control/garbage/controller.h"

#include <algorithm>

#include "base/log.h"

namespace stint::garbage {
namespace {

constexpr std::string_view kOwnerIndex = "owner";  // every owner's uid, controlling or not
constexpr WorkQueue::Options kQueueOptions{
    .workers = 20, .retry_base = std::chrono::milliseconds(5), .retry_max = std::chrono::seconds(60)};

// An owner that waits for so many dependents looks at them in a while, and not as each of them goes.
constexpr size_t kDependentsMany = 100;
constexpr Duration kGather = std::chrono::milliseconds(100);

// Events may not own or be owned; of two shapes in one store the first is enough.
bool takes_part(const Kind& kind) { return kind.kind != "Event" && kind.has_verb("delete") && kind.has_verb("watch"); }

std::vector<std::string> owner_uids(const Message& object) {
  std::vector<std::string> uids;
  for (const auto& reference : meta(object).ownerreferences()) uids.push_back(reference.uid());
  return uids;
}

// "batch/v1/Job/ns/name"; the namespace is empty for cluster-scoped kinds.
std::string queue_key(const Kind& kind, std::string_view ns, std::string_view name) {
  return std::string(kind.group) + "/" + std::string(kind.version) + "/" + std::string(kind.plural) + "/" + std::string(ns) + "/" +
         std::string(name);
}

struct Target {
  const Kind* kind = nullptr;
  std::string ns, name;
};
Target read_key(std::string_view key) {
  std::string_view parts[5];
  for (auto& part : parts) {
    const size_t end = key.find('/');
    part = key.substr(0, end);
    key = end == std::string_view::npos ? std::string_view{} : key.substr(end + 1);
  }
  return {find_kind(parts[0], parts[1], parts[2]), std::string(parts[3]), std::string(parts[4])};
}

// {"metadata":{"uid":…,"ownerReferences":[{"$patch":"delete","uid":…},…]}}: the uid keeps it off a successor of the same name.
json::Value owners_patch(const Message& object, const std::vector<std::string>& uids) {
  json::Array references;
  for (const auto& uid : uids) references.push_back(json::Members{{"$patch", "delete"}, {"uid", uid}});
  return json::Members{{"metadata", json::Members{{"uid", meta(object).uid()}, {"ownerReferences", std::move(references)}}}};
}

json::Value unblocking_patch(const Message& object) {
  json::Array references;
  for (const auto& reference : meta(object).ownerreferences()) {
    references.push_back(json::Members{{"uid", reference.uid()}, {"blockOwnerDeletion", false}});
  }
  return json::Members{{"metadata", json::Members{{"uid", meta(object).uid()}, {"ownerReferences", std::move(references)}}}};
}

json::Value finalizer_patch(const Message& object, const std::string& finalizer) {
  return json::Members{
      {"metadata", json::Members{{"uid", meta(object).uid()}, {"$deleteFromPrimitiveList/finalizers", json::Array{finalizer}}}}};
}

// Gone meanwhile is as good as done.
template <class T>
Result<void> unless_gone(const Result<T>& result) {
  if (result || result.error().reason == Reason::kNotFound) return {};
  return fail(result.error());
}

}  // namespace

GarbageController::GarbageController(ControllerContext& context)
    : context_(context),
      queue_(
          context.loop, "garbage", kQueueOptions, [this](std::string key) { return sync(std::move(key)); }, &context.metrics),
      scope_(context.loop) {
  for (const Kind& kind : kinds()) {
    if (!takes_part(kind)) continue;
    Informer& informer = context.informers.of(kind);
    informer.add_index(std::string(kOwnerIndex), owner_uids);
    informer.add_handler([this, &kind](const Object& old, const Object& next) { observe(kind, old, next); });
    informers_.push_back(&informer);
  }
}

void GarbageController::start() { scope_.spawn(run()); }

Task<void> GarbageController::run() {
  // Absence in a cache means something only once every cache is filled.
  co_await wait_synced(informers_);
  queue_.start();
}

void GarbageController::observe(const Kind& kind, const Object& old, const Object& next) {
  if (next != nullptr) {
    const bool matters =
        !meta(*next).ownerreferences().empty() || has_finalizer(*next, kForegroundFinalizer) || has_finalizer(*next, kOrphanFinalizer);
    if (matters && (old == nullptr || is_deleting(*next) || meta(*old).ownerreferences_size() != meta(*next).ownerreferences_size()))
      enqueue(kind, *next);
    return;
  }
  for (const Object& dependent : dependents_of(meta(*old).uid())) enqueue(kind_of(dependent->GetDescriptor()), *dependent);
  for (const auto& reference : meta(*old).ownerreferences()) {
    const bool among_many = context_.informers.of(kind).count_by_index(kOwnerIndex, reference.uid()) > kDependentsMany;
    enqueue_owner(reference, meta(*old).namespace_(), among_many ? kGather : Duration{0});
  }
}

void GarbageController::enqueue(const Kind& kind, const Message& object) {
  queue_.add(queue_key(kind, meta(object).namespace_(), meta(object).name()));
}

void GarbageController::enqueue_owner(const metav1::OwnerReference& reference, std::string_view ns, Duration delay) {
  const Kind* kind = find_kind_by_name(reference.apiversion(), reference.kind());
  if (kind != nullptr && takes_part(*kind))
    queue_.add_after(queue_key(*kind, kind->namespaced ? ns : std::string_view{}, reference.name()), delay);
}

std::vector<Object> GarbageController::dependents_of(std::string_view uid) const {
  std::vector<Object> dependents;
  for (Informer* informer : informers_) {
    auto found = informer->by_index(kOwnerIndex, uid);
    dependents.insert(dependents.end(), found.begin(), found.end());
  }
  return dependents;
}

Task<Result<std::optional<Duration>>> GarbageController::sync(std::string key) {
  const Target target = read_key(key);
  if (target.kind == nullptr) co_return std::nullopt;
  Object object = context_.informers.of(*target.kind).get(target.ns, target.name);
  if (object == nullptr) co_return std::nullopt;
  if (is_deleting(*object)) co_return co_await sync_owner(*target.kind, std::move(object));
  co_return co_await sync_dependent(*target.kind, std::move(object));
}

Task<Result<std::optional<Duration>>> GarbageController::sync_dependent(const Kind& kind, Object object) {
  std::vector<Owner> owners;
  for (const auto& reference : meta(*object).ownerreferences()) {
    auto state = co_await state_of(reference, meta(*object).namespace_());
    if (!state) co_return std::unexpected(state.error());
    owners.push_back({reference.uid(), *state});
  }
  // An owner loses one of its many dependents at a time, and comes here each time: theirs are gathered only if it goes.
  const bool stays = owners.empty() || std::ranges::count(owners, OwnerState::kSolid, &Owner::state) > 0;
  const Plan plan = plan_dependent(*object, owners, stays ? std::vector<Object>() : dependents_of(meta(*object).uid()));
  if (plan.action == Plan::Action::kDropOwners) {
    CO_TRY_VOID(co_await drop_owners(kind, object, plan.uids));
  } else if (plan.action == Plan::Action::kDelete) {
    if (plan.unblock) {
      auto unblocked = co_await context_.client.patch(kind, meta(*object).namespace_(), meta(*object).name(), PatchType::kStrategic,
                                                      unblocking_patch(*object), "");
      CO_TRY_VOID(unless_gone(unblocked));
      if (unblocked) object = *unblocked;
    }
    log_debug("collecting garbage", "kind", kind.kind, "object", object_key(*object));
    DeleteRequest request{.propagation = plan.propagation, .uid = meta(*object).uid(), .resource_version = meta(*object).resourceversion()};
    auto removed = co_await context_.client.remove(kind, meta(*object).namespace_(), meta(*object).name(), std::move(request));
    CO_TRY_VOID(unless_gone(removed));
  }
  co_return std::nullopt;
}

Task<Result<std::optional<Duration>>> GarbageController::sync_owner(const Kind& kind, Object object) {
  std::vector<Object> dependents = dependents_of(meta(*object).uid());
  const Plan plan = plan_owner(*object, dependents);
  if (plan.action == Plan::Action::kNone) co_return std::nullopt;
  if (plan.action == Plan::Action::kDeleteDependents) {
    for (const Object& dependent : dependents) {
      if (!is_deleting(*dependent)) enqueue(kind_of(dependent->GetDescriptor()), *dependent);
    }
    co_return std::nullopt;  // the last one's deletion brings us back
  }
  if (plan.action == Plan::Action::kRelease) CO_TRY_VOID(co_await release(object, std::move(dependents)));
  auto patched = co_await context_.client.patch(kind, meta(*object).namespace_(), meta(*object).name(), PatchType::kStrategic,
                                                finalizer_patch(*object, plan.finalizer), "");
  CO_TRY_VOID(unless_gone(patched));
  co_return std::nullopt;
}

// The cache says who lives. Who seems absent is asked for once more: caches of different kinds are not in step.
Task<Result<OwnerState>> GarbageController::state_of(metav1::OwnerReference reference, std::string ns) {
  const Kind* kind = find_kind_by_name(reference.apiversion(), reference.kind());
  if (kind == nullptr) {
    co_return fail(Reason::kNotFound, "no kind " + reference.kind() + " in " + reference.apiversion() + ": its dependents are left alone");
  }
  const std::string owner_ns = kind->namespaced ? ns : "";
  if (kind->namespaced && owner_ns.empty())
    co_return OwnerState::kSolid;  // a cluster-scoped object cannot be owned from a namespace: never collected
  Object owner = takes_part(*kind) ? context_.informers.of(*kind).get(owner_ns, reference.name()) : nullptr;
  if (owner == nullptr || meta(*owner).uid() != reference.uid()) {
    auto live = co_await context_.client.get(*kind, owner_ns, reference.name());
    if (!live && live.error().reason != Reason::kNotFound) co_return std::unexpected(live.error());
    if (!live || meta(**live).uid() != reference.uid()) co_return OwnerState::kDangling;
    owner = *live;
  }
  co_return is_deleting(*owner) && has_finalizer(*owner, kForegroundFinalizer) ? OwnerState::kWaiting : OwnerState::kSolid;
}

Task<Result<void>> GarbageController::release(Object owner, std::vector<Object> dependents) {
  for (const Object& dependent : dependents) {
    CO_TRY_VOID(co_await drop_owners(kind_of(dependent->GetDescriptor()), dependent, {meta(*owner).uid()}));
  }
  co_return Result<void>{};
}

Task<Result<void>> GarbageController::drop_owners(const Kind& kind, Object object, std::vector<std::string> uids) {
  auto patched = co_await context_.client.patch(kind, meta(*object).namespace_(), meta(*object).name(), PatchType::kStrategic,
                                                owners_patch(*object, uids), "");
  co_return unless_gone(patched);
}

}  // namespace stint::garbage
