#include "client/recorder.h"

#include <cstdio>
#include <deque>

#include "api/names.h"
#include "base/log.h"
#include "client/event_correlator.h"
#include "client/refusals.h"

namespace stint {
namespace {

constexpr size_t kQueueMax = 1000;
constexpr int kTriesMax = 12;  // for one event, while the server cannot take it
constexpr Duration kRetryDelay = std::chrono::seconds(10);
constexpr int kNamesMax = 8;  // tried for one event when another component wrote in the same nanosecond

bool may_pass(const Error& error) {
  switch (error.reason) {
    case Reason::kTooManyRequests:
    case Reason::kServiceUnavailable:
    case Reason::kServerTimeout:
    case Reason::kTimeout:
    case Reason::kInternalError:
    case Reason::kNone:
      return true;
    default:
      return false;
  }
}

corev1::ObjectReference reference_to(const Message& object, std::string_view field_path) {
  const Kind& kind = kind_of(object.GetDescriptor());
  const metav1::ObjectMeta& metadata = meta(object);
  corev1::ObjectReference reference;
  reference.set_apiversion(kind.api_version());
  reference.set_kind(std::string(kind.kind));
  reference.set_name(metadata.name());
  reference.set_namespace_(metadata.namespace_());
  reference.set_uid(metadata.uid());
  reference.set_resourceversion(metadata.resourceversion());
  if (!field_path.empty()) reference.set_fieldpath(std::string(field_path));
  return reference;
}

std::string hex(uint64_t number) {
  char digits[20];
  snprintf(digits, sizeof digits, "%llx", static_cast<unsigned long long>(number));
  return digits;
}

json::Value count_patch(const corev1::Event& event) {
  json::Members patch;
  patch["count"] = static_cast<int64_t>(event.count());
  patch["lastTimestamp"] = format_rfc3339(from_time(event.lasttimestamp()));
  patch["message"] = event.message();  // a summary shows its latest
  return patch;
}

}  // namespace

struct Recorder::State {
  State(Loop& l, Client& c, std::string component_name, std::string host_name)
      : loop(l), client(c), component(std::move(component_name)), host(std::move(host_name)), wake(l), scope(l) {
    scope.spawn(work());
  }

  void add(const Message& about, std::string_view type, std::string_view reason, std::string message, std::string_view field_path);
  corev1::Event make(const Message& about, std::string_view type, std::string_view reason, std::string message,
                     std::string_view field_path);
  std::string new_name(std::string_view object);

  Task<void> work();
  Task<void> take_turn();
  Task<void> deliver(corev1::Event event);
  Task<Result<void>> send(corev1::Event* event, bool is_repeat);
  Task<Result<void>> create_event(corev1::Event* event);

  Loop& loop;
  Client& client;
  std::string component;
  std::string host;
  EventCorrelator correlator;
  std::deque<corev1::Event> queue;
  size_t dropped = 0;     // since the last one that found room
  Duration next_turn{0};  // steady; kBurst turns may be taken ahead of it
  WallTime last_stamp;
  Event wake;
  Scope scope;
};

void Recorder::State::add(const Message& about, std::string_view type, std::string_view reason, std::string message,
                          std::string_view field_path) {
  if (queue.size() >= kQueueMax) {
    ++dropped;
    return;
  }
  if (dropped > 0) log_warning("events dropped, the server is too slow", "component", component, "count", std::exchange(dropped, 0));
  queue.push_back(make(about, type, reason, std::move(message), field_path));
  wake.pulse();
}

corev1::Event Recorder::State::make(const Message& about, std::string_view type, std::string_view reason, std::string message,
                                    std::string_view field_path) {
  corev1::Event event;
  *event.mutable_involvedobject() = reference_to(about, field_path);
  const std::string& ns = event.involvedobject().namespace_();
  event.mutable_metadata()->set_namespace_(ns.empty() ? "default" : ns);
  event.mutable_metadata()->set_name(new_name(event.involvedobject().name()));
  event.set_type(std::string(type));
  event.set_reason(std::string(reason));
  event.set_message(std::move(message));
  event.mutable_source()->set_component(component);
  if (!host.empty()) event.mutable_source()->set_host(host);
  event.set_reportingcomponent(component);
  event.set_reportinginstance(host);
  *event.mutable_firsttimestamp() = *event.mutable_lasttimestamp() = to_time(loop.now());
  event.set_count(1);
  return event;
}

// Never twice the same, also when the clock stands still or goes back.
std::string Recorder::State::new_name(std::string_view object) {
  last_stamp = std::max(loop.now(), last_stamp + Duration(1));
  std::string name = std::string(object) + "." + hex(static_cast<uint64_t>(last_stamp.time_since_epoch().count()));
  // The object's name may be too long for a suffix, or of a kind with looser rules.
  if (!dns_subdomain_faults(name).empty()) name = hex(loop.rng().next()) + hex(loop.rng().next());
  return name;
}

Task<void> Recorder::State::work() {
  while (true) {
    while (queue.empty()) co_await wake.wait();
    corev1::Event event = std::move(queue.front());
    queue.pop_front();
    co_await take_turn();
    co_await deliver(std::move(event));
  }
}

Task<void> Recorder::State::take_turn() {
  constexpr Duration kPause = Duration(std::chrono::seconds(1)) / kPerSecond;
  const Duration now = loop.steady_now();
  next_turn = std::max(next_turn, now - kPause * kBurst) + kPause;
  if (next_turn > now) co_await sleep_for(loop, next_turn - now);
}

Task<void> Recorder::State::deliver(corev1::Event event) {
  const EventCorrelator::Decision decision = correlator.decide(event, loop.now());
  if (decision.action == EventCorrelator::Action::kDrop) {
    log_debug("event dropped, too many about one object", "object", event.involvedobject().name(), "reason", event.reason());
    co_return;
  }
  for (int tries = 1;; ++tries) {
    const Result<void> sent = co_await send(&event, decision.action == EventCorrelator::Action::kCount);
    if (sent) break;
    if (is_namespace_terminating(sent.error())) {
      log_debug("event not written, its namespace is going away", "object", event.involvedobject().name(), "reason", event.reason());
      co_return;
    }
    const bool again = may_pass(sent.error()) && tries < kTriesMax;
    log_warning(again ? "event not written, trying again" : "event not written", "object", event.involvedobject().name(), "reason",
                event.reason(), "error", sent.error().message);
    if (!again) co_return;
    co_await sleep_for(loop, kRetryDelay);
  }
  correlator.written(decision.key, event);
}

Task<Result<void>> Recorder::State::send(corev1::Event* event, bool is_repeat) {
  if (is_repeat) {
    const metav1::ObjectMeta& metadata = event->metadata();
    const Result<Object> patched =
        co_await client.patch(kind_of<corev1::Event>(), metadata.namespace_(), metadata.name(), PatchType::kMerge, count_patch(*event), "");
    if (patched) co_return Result<void>();
    if (patched.error().reason != Reason::kNotFound) co_return fail(patched.error());
    // Expired meanwhile, or never written: it starts anew with the count it has.
  }
  co_return co_await create_event(event);
}

Task<Result<void>> Recorder::State::create_event(corev1::Event* event) {
  for (int names = 1;; ++names) {
    auto copy = std::make_unique<corev1::Event>(*event);
    const Result<Object> created = co_await client.create(kind_of<corev1::Event>(), event->metadata().namespace_(), std::move(copy));
    if (created) co_return Result<void>();
    if (created.error().reason != Reason::kAlreadyExists || names == kNamesMax) co_return fail(created.error());
    event->mutable_metadata()->set_name(new_name(event->involvedobject().name()));
  }
}

Recorder::Recorder(Loop& loop, Client& client, std::string component, std::string host)
    : state_(std::make_unique<State>(loop, client, std::move(component), std::move(host))) {}
Recorder::~Recorder() = default;

void Recorder::normal(const Message& about, std::string_view reason, std::string message, std::string_view field_path) {
  state_->add(about, "Normal", reason, std::move(message), field_path);
}
void Recorder::warning(const Message& about, std::string_view reason, std::string message, std::string_view field_path) {
  state_->add(about, "Warning", reason, std::move(message), field_path);
}

}  // namespace stint
