#include "client/fake_client.h"

#include <algorithm>
#include <cstdio>

#include "api/patch.h"
#include "api/selector.h"

namespace stint {
namespace {

std::string prefix_of(const Kind& kind, std::string_view ns) {
  std::string prefix = kind.qualified_plural() + "/";
  if (kind.namespaced && !ns.empty()) prefix += std::string(ns) + "/";
  return prefix;
}

std::string key_of(const Kind& kind, std::string_view ns, std::string_view name) { return prefix_of(kind, ns) + std::string(name); }
std::string key_of(const Kind& kind, const Message& object) { return key_of(kind, meta(object).namespace_(), meta(object).name()); }

std::unique_ptr<Message> copy_of(const Message& object) {
  std::unique_ptr<Message> copy(object.New());
  copy->CopyFrom(object);
  return copy;
}

std::string bytes_of(const Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);  // maps in key order, so that equal messages have equal bytes
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

std::string field_bytes(const Message& object, const char* name) {
  const auto* field = object.GetDescriptor()->FindFieldByName(name);
  if (field == nullptr || field->is_repeated() || field->message_type() == nullptr) return "";
  return bytes_of(object.GetReflection()->GetMessage(object, field));
}

void copy_field(const Message& from, Message& to, const char* name) {
  const auto* field = to.GetDescriptor()->FindFieldByName(name);
  if (field == nullptr || field->is_repeated() || field->message_type() == nullptr) return;
  to.GetReflection()->ClearField(&to, field);
  if (!from.GetReflection()->HasField(from, field)) return;
  to.GetReflection()->MutableMessage(&to, field)->CopyFrom(from.GetReflection()->GetMessage(from, field));
}

Error named_error(Reason reason, const Kind& kind, std::string_view name, std::string message) {
  return Error{.reason = reason,
               .message = std::move(message),
               .name = std::string(name),
               .group = std::string(kind.group),
               .kind = std::string(kind.plural)};
}

std::unexpected<Error> not_found(const Kind& kind, std::string_view name) {
  return fail(named_error(Reason::kNotFound, kind, name, kind.qualified_plural() + " \"" + std::string(name) + "\" not found"));
}

std::unexpected<Error> conflict(const Kind& kind, std::string_view name, std::string_view why) {
  return fail(
      named_error(Reason::kConflict, kind, name,
                  "Operation cannot be fulfilled on " + kind.qualified_plural() + " \"" + std::string(name) + "\": " + std::string(why)));
}

std::unexpected<Error> stale(const Kind& kind, std::string_view name) {
  return conflict(kind, name, "the object has been modified; please apply your changes to the latest version and try again");
}

std::unexpected<Error> too_old(int64_t wanted, int64_t oldest) {
  return fail(Reason::kExpired, "too old resource version: " + std::to_string(wanted) + " (" + std::to_string(oldest) + ")");
}

struct Selection {
  LabelSelector labels;
  FieldSelector fields;
  bool matches(const Message& object) const { return labels.matches(meta(object).labels()) && fields.matches(object); }
};

Result<Selection> parse_selection(const Kind& kind, const ListOptions& options) {
  TRY(LabelSelector labels, LabelSelector::parse(options.label_selector));
  TRY(FieldSelector fields, FieldSelector::parse(options.field_selector, kind));
  return Selection{std::move(labels), std::move(fields)};
}

std::string random_suffix(Rng& rng) {
  constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz2456789";  // none that could spell a word
  std::string suffix;
  for (int i = 0; i < 5; ++i) suffix += kLetters[rng.next() % kLetters.size()];
  return suffix;
}

// What keeps a deleted object: finalizers, of namespaces also those in spec.
bool is_held(const Message& object) {
  if (meta(object).finalizers_size() != 0) return true;
  const auto* ns = dynamic_cast<const corev1::Namespace*>(&object);
  return ns != nullptr && ns->spec().finalizers_size() != 0;
}

int64_t grace_seconds(const Message& object, const DeleteRequest& options) {
  const auto* pod = dynamic_cast<const corev1::Pod*>(&object);
  if (pod == nullptr) return 0;
  const std::string& phase = pod->status().phase();
  if (pod->spec().nodename().empty() || phase == "Succeeded" || phase == "Failed") return 0;
  constexpr int64_t kDefaultSeconds = 30;
  const int64_t own = pod->spec().has_terminationgraceperiodseconds() ? pod->spec().terminationgraceperiodseconds() : kDefaultSeconds;
  const int64_t wanted = options.grace_period_seconds.value_or(own);
  return wanted < 0 ? 1 : wanted;
}

// The collector's own finalizers follow from the policy asked for; with none given those there stay, else the kind's default holds.
void set_propagation(const Kind& kind, const DeleteRequest& options, Message& object) {
  constexpr std::string_view kOrphan = "orphan";
  constexpr std::string_view kForeground = "foregroundDeletion";
  if (!options.propagation && (has_finalizer(object, kOrphan) || has_finalizer(object, kForeground))) return;
  const Propagation policy = options.propagation.value_or(kind.default_propagation);
  remove_finalizer(object, kOrphan);
  remove_finalizer(object, kForeground);
  if (policy == Propagation::kOrphan) mutable_meta(object).add_finalizers(std::string(kOrphan));
  if (policy == Propagation::kForeground) mutable_meta(object).add_finalizers(std::string(kForeground));
}

// What a client cannot change by an update.
void keep_system_fields(const metav1::ObjectMeta& before, metav1::ObjectMeta& metadata) {
  metadata.set_uid(before.uid());
  metadata.set_resourceversion(before.resourceversion());
  metadata.set_generation(before.generation());
  if (before.generation() == 0) metadata.clear_generation();
  *metadata.mutable_creationtimestamp() = before.creationtimestamp();
  metadata.clear_deletiontimestamp();
  metadata.clear_deletiongraceperiodseconds();
  if (before.has_deletiontimestamp()) *metadata.mutable_deletiontimestamp() = before.deletiontimestamp();
  if (before.has_deletiongraceperiodseconds()) metadata.set_deletiongraceperiodseconds(before.deletiongraceperiodseconds());
}

}  // namespace

class FakeClient::Watch : public ObjectWatch {
 public:
  Watch(FakeClient& client, std::string prefix, Selection selection)
      : client_(&client), prefix_(std::move(prefix)), selection_(std::move(selection)), arrived_(client.loop_) {
    client.watches_.push_back(this);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() override {
    if (client_ != nullptr) std::erase(client_->watches_, this);
  }

  Task<std::optional<WatchEvent>> next() override {
    while (events_.empty() && !ended_) co_await arrived_.wait();
    if (events_.empty()) co_return std::nullopt;
    WatchEvent event = std::move(events_.front());
    events_.pop_front();
    co_return std::move(event);
  }

  void offer(const Change& change) {
    if (!change.key.starts_with(prefix_)) return;
    const bool was = change.previous && selection_.matches(*change.previous);
    const bool is = !change.deleted && selection_.matches(*change.object);
    if (!was && !is) return;
    push(WatchEvent{.type = !is   ? WatchType::kDeleted
                            : was ? WatchType::kModified
                                  : WatchType::kAdded,
                    .object = change.object,
                    .previous = was ? change.previous : nullptr,
                    .resource_version = std::to_string(change.revision)});
  }

  void end(std::optional<Error> error) {
    if (error) push(WatchEvent{.type = WatchType::kError, .error = std::move(*error)});
    ended_ = true;
    arrived_.pulse();
  }
  void detach() {
    end(std::nullopt);
    client_ = nullptr;
  }

 private:
  void push(WatchEvent event) {
    if (ended_) return;
    events_.push_back(std::move(event));
    arrived_.pulse();
  }

  FakeClient* client_;  // null once it is gone
  std::string prefix_;
  Selection selection_;
  std::deque<WatchEvent> events_;
  bool ended_ = false;
  Event arrived_;
};

FakeClient::~FakeClient() {
  for (Watch* watch : watches_) watch->detach();
}

Task<Result<Object>> FakeClient::get(const Kind& kind, std::string ns, std::string name) {
  co_await pass_time();
  if (auto error = arrive("get", kind, "", ns, name)) co_return fail(std::move(*error));
  Object object = find(kind, ns, name);
  if (!object) co_return not_found(kind, name);
  co_return object;
}

Task<Result<ObjectList>> FakeClient::list(const Kind& kind, std::string ns, ListOptions options) {
  co_await pass_time();
  if (auto error = arrive("list", kind, "", ns, "")) co_return fail(std::move(*error));
  CO_TRY(const Selection selection, parse_selection(kind, options));
  ObjectList listed{.items = all(kind, ns), .resource_version = std::to_string(revision_)};
  std::erase_if(listed.items, [&](const Object& object) { return !selection.matches(*object); });
  co_return listed;
}

Task<Result<std::unique_ptr<ObjectWatch>>> FakeClient::watch(const Kind& kind, std::string ns, std::string resource_version,
                                                             ListOptions options) {
  co_await pass_time();
  if (auto error = arrive("watch", kind, "", ns, "")) co_return fail(std::move(*error));
  CO_TRY(Selection selection, parse_selection(kind, options));
  const bool from_now = resource_version.empty() || resource_version == "0";
  const int64_t from = from_now ? revision_ : std::strtoll(resource_version.c_str(), nullptr, 10);
  if (from < compacted_) co_return too_old(from, compacted_);
  auto watch = std::make_unique<Watch>(*this, prefix_of(kind, ns), std::move(selection));
  if (from_now) {
    for (const Object& object : all(kind, ns)) watch->offer(Change{.key = key_of(kind, *object), .object = object, .revision = revision_});
  }
  for (const Change& change : history_) {
    if (change.revision > from) watch->offer(change);
  }
  co_return std::move(watch);
}

Task<Result<Object>> FakeClient::create(const Kind& kind, std::string ns, std::unique_ptr<Message> object) {
  co_await pass_time();
  metav1::ObjectMeta& metadata = mutable_meta(*object);
  const std::string asked = metadata.name().empty() ? metadata.generatename() : metadata.name();
  if (auto error = arrive("create", kind, "", ns, asked)) co_return fail(std::move(*error));
  if (kind.namespaced && metadata.namespace_().empty()) metadata.set_namespace_(ns);
  if (metadata.name().empty()) metadata.set_name(metadata.generatename() + random_suffix(loop_.rng()));
  if (metadata.name().empty()) co_return fail(Reason::kInvalid, "name or generateName is required");
  const std::string name = metadata.name();
  if (find(kind, metadata.namespace_(), name)) {
    const std::string message = kind.qualified_plural() + " \"" + name + "\" already exists";
    co_return fail(named_error(Reason::kAlreadyExists, kind, name, message));
  }
  metadata.set_uid(new_uid());
  *metadata.mutable_creationtimestamp() = to_time(loop_.now());
  metadata.clear_deletiontimestamp();
  metadata.clear_deletiongraceperiodseconds();
  if (kind.has_generation) metadata.set_generation(1);
  if (kind.rules != nullptr && kind.rules->set_defaults != nullptr) kind.rules->set_defaults(*object);
  if (kind.rules != nullptr && kind.rules->prepare_create != nullptr) kind.rules->prepare_create(*object);
  if (kind.rules != nullptr && kind.rules->set_defaults != nullptr) kind.rules->set_defaults(*object);  // as a reader sees it
  co_return write(kind, std::move(object));
}

Task<Result<Object>> FakeClient::update(const Kind& kind, std::unique_ptr<Message> object, std::string subresource) {
  co_await pass_time();
  if (auto error = arrive("update", kind, subresource, meta(*object).namespace_(), meta(*object).name())) co_return fail(std::move(*error));
  co_return commit_update(kind, std::move(object), subresource);
}

Task<Result<Object>> FakeClient::patch(const Kind& kind, std::string ns, std::string name, PatchType type, json::Value patch,
                                       std::string subresource) {
  co_await pass_time();
  if (auto error = arrive("patch", kind, subresource, ns, name)) co_return fail(std::move(*error));
  const Object old = find(kind, ns, name);
  if (!old) co_return not_found(kind, name);
  json::Value document = json::to_value(*old);
  if (type == PatchType::kMerge) {
    document = apply_merge_patch(document, patch);
  } else if (type == PatchType::kJson) {
    CO_TRY(document, apply_json_patch(document, patch));
  } else {
    CO_TRY(document, apply_strategic_patch(document, patch, *old->GetDescriptor()));
  }
  std::unique_ptr<Message> next = kind.make();
  CO_TRY_VOID(json::decode(document, *next));
  co_return commit_update(kind, std::move(next), subresource);
}

Task<Result<Object>> FakeClient::remove(const Kind& kind, std::string ns, std::string name, DeleteRequest options) {
  co_await pass_time();
  if (auto error = arrive("delete", kind, "", ns, name)) co_return fail(std::move(*error));
  const Object object = find(kind, ns, name);
  if (!object) co_return not_found(kind, name);
  const metav1::ObjectMeta& metadata = meta(*object);
  if (!options.uid.empty() && options.uid != metadata.uid()) {
    co_return conflict(kind, name, "Precondition failed: UID in precondition: " + options.uid + ", UID in object meta: " + metadata.uid());
  }
  if (!options.resource_version.empty() && options.resource_version != metadata.resourceversion()) {
    co_return conflict(kind, name,
                       "Precondition failed: ResourceVersion in precondition: " + options.resource_version +
                           ", ResourceVersion in object meta: " + metadata.resourceversion());
  }
  co_return mark_deleted(kind, object, options);
}

Task<Result<Object>> FakeClient::create_subresource(const Kind& kind, std::string ns, std::string name, std::string subresource,
                                                    std::unique_ptr<Message> body) {
  auto failure = arrive("create", kind, subresource, ns, name);
  co_await pass_time();
  if (failure) co_return fail(*std::move(failure));
  auto* asked = dynamic_cast<authenticationv1::TokenRequest*>(body.get());
  if (subresource != "token" || asked == nullptr) co_return not_found(kind, name);
  asked->mutable_status()->set_token(ns + "/" + name + "/" + std::to_string(tokens_given_++));
  *asked->mutable_status()->mutable_expirationtimestamp() = to_time(loop_.now() + span_of_seconds(asked->spec().expirationseconds()));
  co_return Object(std::move(body));
}

Task<Result<void>> FakeClient::bind_pod(std::string ns, std::string pod, std::string pod_uid, std::string node) {
  co_await pass_time();
  const Kind& kind = kind_of<corev1::Pod>();
  if (auto error = arrive("bind", kind, "", ns, pod)) co_return fail(std::move(*error));
  const auto old = find<corev1::Pod>(ns, pod);
  if (!old || (!pod_uid.empty() && pod_uid != old->metadata().uid())) co_return not_found(kind, pod);
  if (is_deleting(*old)) co_return conflict(kind, pod, "pod " + pod + " is being deleted, cannot be assigned to a host");
  if (!old->spec().nodename().empty()) {
    co_return conflict(kind, pod, "pod " + pod + " is already assigned to node \"" + old->spec().nodename() + "\"");
  }
  auto next = std::make_unique<corev1::Pod>(*old);
  next->mutable_spec()->set_nodename(node);
  auto* condition = next->mutable_status()->add_conditions();
  condition->set_type("PodScheduled");
  condition->set_status("True");
  *condition->mutable_lasttransitiontime() = to_time(loop_.now());
  write(kind, std::move(next));
  co_return Result<void>();
}

Task<Result<Object>> FakeClient::finalize_namespace(std::unique_ptr<corev1::Namespace> object) {
  co_await pass_time();
  const Kind& kind = kind_of<corev1::Namespace>();
  const std::string name = object->metadata().name();
  if (auto error = arrive("finalize", kind, "", "", name)) co_return fail(std::move(*error));
  const auto old = find<corev1::Namespace>("", name);
  if (!old) co_return not_found(kind, name);
  const std::string& version = object->metadata().resourceversion();
  if (!version.empty() && version != old->metadata().resourceversion()) co_return stale(kind, name);
  auto next = std::make_unique<corev1::Namespace>(*old);
  *next->mutable_spec()->mutable_finalizers() = object->spec().finalizers();
  if (is_deleting(*next) && !is_held(*next)) co_return erase_as(kind, std::move(next));
  co_return write(kind, std::move(next));
}

void FakeClient::expire_watches() {
  compacted_ = ++revision_;
  history_.clear();
  for (Watch* watch : watches_) watch->end(too_old(0, compacted_).error());
}

Object FakeClient::find(const Kind& kind, std::string_view ns, std::string_view name) const {
  auto found = objects_.find(key_of(kind, ns, name));
  return found == objects_.end() ? nullptr : found->second;
}

std::vector<Object> FakeClient::all(const Kind& kind, std::string_view ns) const {
  std::vector<Object> objects;
  const std::string prefix = prefix_of(kind, ns);
  for (auto it = objects_.lower_bound(prefix); it != objects_.end() && it->first.starts_with(prefix); ++it) objects.push_back(it->second);
  return objects;
}

Object FakeClient::put(std::unique_ptr<Message> object) {
  const Kind& kind = kind_of(object->GetDescriptor());
  metav1::ObjectMeta& metadata = mutable_meta(*object);
  if (metadata.uid().empty()) metadata.set_uid(new_uid());
  if (!metadata.has_creationtimestamp()) *metadata.mutable_creationtimestamp() = to_time(loop_.now());
  if (kind.has_generation && metadata.generation() == 0) metadata.set_generation(1);
  if (kind.rules != nullptr && kind.rules->set_defaults != nullptr) kind.rules->set_defaults(*object);
  return write(kind, std::move(object));
}

bool FakeClient::erase(const Kind& kind, std::string_view ns, std::string_view name) {
  const Object object = find(kind, ns, name);
  if (object) erase_as(kind, copy_of(*object));
  return object != nullptr;
}

std::optional<Error> FakeClient::arrive(std::string_view verb, const Kind& kind, std::string_view subresource, std::string_view ns,
                                        std::string_view name) {
  std::string call = std::string(verb) + " " + std::string(kind.plural);
  if (!subresource.empty()) call += "/" + std::string(subresource);
  if (!name.empty()) call += " " + object_key(ns, name);
  calls_.push_back(std::move(call));
  return failures_ ? failures_(verb, kind, name) : std::nullopt;
}

Task<void> FakeClient::pass_time() {
  if (latency_ > Duration{0}) co_await sleep_for(loop_, latency_);
}

Result<Object> FakeClient::commit_update(const Kind& kind, std::unique_ptr<Message> next, std::string_view subresource) {
  metav1::ObjectMeta& metadata = mutable_meta(*next);
  Object old = find(kind, metadata.namespace_(), metadata.name());
  if (!old) return not_found(kind, metadata.name());
  const metav1::ObjectMeta& before = meta(*old);
  if (!metadata.uid().empty() && metadata.uid() != before.uid()) {
    return conflict(kind, metadata.name(),
                    "Precondition failed: UID in precondition: " + metadata.uid() + ", UID in object meta: " + before.uid());
  }
  if (!metadata.resourceversion().empty() && metadata.resourceversion() != before.resourceversion()) return stale(kind, metadata.name());
  keep_system_fields(before, metadata);
  if (subresource == "status") {
    copy_field(*old, *next, "spec");
  } else if (kind.subresource("status") != nullptr) {
    copy_field(*old, *next, "status");
  }
  if (kind.rules != nullptr && kind.rules->set_defaults != nullptr) kind.rules->set_defaults(*next);
  if (kind.has_generation && field_bytes(*next, "spec") != field_bytes(*old, "spec")) metadata.set_generation(before.generation() + 1);
  if (bytes_of(*next) == bytes_of(*old)) return old;
  if (is_deleting(*next) && metadata.deletiongraceperiodseconds() == 0 && !is_held(*next)) return erase_as(kind, std::move(next));
  return write(kind, std::move(next));
}

Object FakeClient::write(const Kind& kind, std::unique_ptr<Message> object) {
  mutable_meta(*object).set_resourceversion(std::to_string(++revision_));
  std::string key = key_of(kind, *object);
  Object& place = objects_[key];
  Object previous = std::exchange(place, Object(std::move(object)));
  Object written = place;
  publish(Change{.key = std::move(key), .previous = std::move(previous), .object = written, .revision = revision_});
  return written;
}

Object FakeClient::erase_as(const Kind& kind, std::unique_ptr<Message> last) {
  mutable_meta(*last).set_resourceversion(std::to_string(++revision_));
  std::string key = key_of(kind, *last);
  Object gone(std::move(last));
  Object previous = std::move(objects_[key]);
  objects_.erase(key);
  publish(Change{.key = std::move(key), .previous = std::move(previous), .object = gone, .deleted = true, .revision = revision_});
  return gone;
}

Result<Object> FakeClient::mark_deleted(const Kind& kind, const Object& object, const DeleteRequest& options) {
  std::unique_ptr<Message> next = copy_of(*object);
  metav1::ObjectMeta& metadata = mutable_meta(*next);
  set_propagation(kind, options, *next);
  const int64_t grace = grace_seconds(*object, options);
  const bool first = !metadata.has_deletiontimestamp();
  // A later deletion can only shorten the grace.
  if (first || (options.grace_period_seconds && grace < metadata.deletiongraceperiodseconds())) {
    *metadata.mutable_deletiontimestamp() = to_time(loop_.now() + span_of_seconds(grace));
    metadata.set_deletiongraceperiodseconds(grace);
  }
  if (first && metadata.generation() > 0) metadata.set_generation(metadata.generation() + 1);
  if (auto* ns = dynamic_cast<corev1::Namespace*>(next.get())) ns->mutable_status()->set_phase("Terminating");
  if (metadata.deletiongraceperiodseconds() == 0 && !is_held(*next)) return erase_as(kind, std::move(next));
  if (bytes_of(*next) == bytes_of(*object)) return object;
  return write(kind, std::move(next));
}

void FakeClient::publish(Change change) {
  for (Watch* watch : watches_) watch->offer(change);
  history_.push_back(std::move(change));
  if (history_.size() <= kHistoryMax) return;
  compacted_ = history_.front().revision;
  history_.pop_front();
}

std::string FakeClient::new_uid() {
  const uint64_t high = loop_.rng().next(), low = loop_.rng().next();
  char text[40];
  snprintf(text, sizeof text, "%08x-%04x-4%03x-8%03x-%012llx", static_cast<unsigned>(high >> 32),
           static_cast<unsigned>(high >> 16 & 0xffff), static_cast<unsigned>(high & 0xfff), static_cast<unsigned>(low >> 52),
           static_cast<unsigned long long>(low & 0xffffffffffff));
  return text;
}

}  // namespace stint
