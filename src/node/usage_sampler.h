// Reads every 15 seconds what the machine and each running container have used, and makes rates of it. Loop thread only.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "api/usage.h"
#include "base/loop.h"
#include "runtime/runtime.h"

namespace stint {

class UsageSampler : public UsageSource {
 public:
  UsageSampler(Loop& loop, Runtime& runtime, std::string node_name) : loop_(loop), runtime_(runtime), node_name_(std::move(node_name)) {}

  Task<void> run();
  std::optional<NodeUsage> node_usage(const std::string& node) const override;
  // Of the containers that have been read; a pod without one is not known.
  std::optional<PodUsage> pod_usage(const std::string& pod_uid) const override;

 private:
  struct Reading {
    WallTime at;
    Duration cpu_time{0};
    int64_t memory_bytes = 0;
  };
  struct Sampled {
    std::string sandbox_id, name;
    Reading before, last;
  };
  static ResourceUsage rate(const Sampled& sampled);
  Task<void> sample_machine();
  Task<void> sample_containers();

  Loop& loop_;
  Runtime& runtime_;
  const std::string node_name_;
  std::optional<Sampled> machine_;
  std::map<std::string, Sampled> containers_;  // running ones, by id
};

}  // namespace stint
