// What all pod workers of a node share. The references outlive them. Loop thread only.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "api/pod_resources.h"
#include "client/client.h"
#include "client/recorder.h"
#include "image/image_store.h"
#include "node/environment.h"
#include "node/node_metrics.h"
#include "node/probes/checks.h"
#include "node/status.h"
#include "runtime/runtime.h"

namespace stint {

// Why a pod is not taken in: its status.reason and message.
struct Refusal {
  std::string reason, message;
};

struct NodeContext {
  Loop& loop;
  Client& client;
  Runtime& runtime;
  ImageStore& images;
  Recorder& recorder;
  Checks& checks;
  NodeMetrics& metrics;
  std::string data_dir, log_dir;
  NodeIdentity identity;
  std::string host_address;  // of host.stint.internal, "" none
  std::string dns_address;   // of the pods' resolver, "" while there is none
  bool dns_missing = false;  // there should be one
  ResourceAmounts allocatable;
  int64_t memory_capacity_bytes = 0;
  int64_t pod_pids_max = 0;                                            // processes of one pod, 0 no limit
  std::function<std::optional<Refusal>(const corev1::Pod&)> refuse;    // weighs a pod against those that are here
  std::function<void(const std::string& uid)> weighs_no_more;          // it was refused, or all its containers have ended
  std::function<Environment(const corev1::Pod&)> service_environment;  // variables that tell a pod where Services are
};

}  // namespace stint
