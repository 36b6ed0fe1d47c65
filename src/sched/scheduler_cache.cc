#include "sched/scheduler_cache.h"

#include "api/object.h"
#include "sched/plan.h"

namespace stint {

bool SchedulingOrder::operator()(const PodPointer& a, const PodPointer& b) const {
  if (a->spec().priority() != b->spec().priority()) return a->spec().priority() > b->spec().priority();
  const auto created_a = from_time(a->metadata().creationtimestamp()), created_b = from_time(b->metadata().creationtimestamp());
  if (created_a != created_b) return created_a < created_b;
  // Times are whole seconds; versions grow and so order pods within one.
  const std::string& m = a->metadata().resourceversion();
  const std::string& n = b->metadata().resourceversion();
  if (m != n) return m.size() != n.size() ? m.size() < n.size() : m < n;
  return a->metadata().uid() < b->metadata().uid();
}

void SchedulerCache::set_node(NodePointer node) {
  auto& load = loads_[node->metadata().name()];
  load.set_node(std::move(node));
}

void SchedulerCache::remove_node(const std::string& name) {
  auto found = loads_.find(name);
  if (found == loads_.end()) return;
  found->second.set_node(nullptr);
  if (found->second.pods == 0) loads_.erase(found);
}

void SchedulerCache::set_pod(PodPointer pod) {
  const std::string uid = pod->metadata().uid();
  Entry before;
  if (auto found = pods_.find(uid); found != pods_.end()) {
    before = found->second;
    remove_pod(uid);
  }
  if (weighs_on_node(*pod)) {
    std::string node = pod->spec().nodename();
    place({.pod = std::move(pod), .node = std::move(node)});
  } else if (before.assumed && pod->spec().nodename().empty() && !has_ended(*pod)) {
    place({.pod = std::move(pod), .node = before.node, .assumed = true});
  } else if (wants_scheduling(*pod)) {
    place({.pod = std::move(pod)});
  }
}

void SchedulerCache::remove_pod(const std::string& uid) {
  auto found = pods_.find(uid);
  if (found == pods_.end()) return;
  take_out(found->second);
  pods_.erase(found);
}

void SchedulerCache::assume(const std::string& uid, const std::string& node) {
  auto found = pods_.find(uid);
  if (found == pods_.end() || !found->second.node.empty()) return;
  PodPointer pod = found->second.pod;
  remove_pod(uid);
  place({.pod = std::move(pod), .node = node, .assumed = true});
}

void SchedulerCache::forget(const std::string& uid) {
  auto found = pods_.find(uid);
  if (found == pods_.end() || !found->second.assumed) return;
  PodPointer pod = found->second.pod;
  remove_pod(uid);
  if (wants_scheduling(*pod)) place({.pod = std::move(pod)});
}

bool SchedulerCache::is_assumed(const std::string& uid) const {
  auto found = pods_.find(uid);
  return found != pods_.end() && found->second.assumed;
}

NodeLoads SchedulerCache::loads() const {
  NodeLoads known;
  for (const auto& [name, load] : loads_)
    if (load.node) known.emplace(name, load);
  return known;
}

void SchedulerCache::place(Entry entry) {
  std::string uid = entry.pod->metadata().uid();
  if (entry.node.empty()) {
    waiting_.insert(entry.pod);
  } else {
    loads_[entry.node].add(*entry.pod);
    bound_[entry.node].emplace(uid, entry.pod);
  }
  pods_.insert_or_assign(std::move(uid), std::move(entry));
}

void SchedulerCache::take_out(const Entry& entry) {
  if (entry.node.empty()) {
    waiting_.erase(entry.pod);
    return;
  }
  auto found = loads_.find(entry.node);
  found->second.remove(*entry.pod);
  if (found->second.pods == 0 && !found->second.node) loads_.erase(found);
  const auto bound = bound_.find(entry.node);
  bound->second.erase(entry.pod->metadata().uid());
  if (bound->second.empty()) bound_.erase(bound);
}

}  // namespace stint
