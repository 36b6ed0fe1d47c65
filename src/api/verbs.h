// The words that the server, its clients and the controllers share: watch events, list and delete options, patch types.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/json.h"
#include "api/kind.h"
#include "base/result.h"
#include "base/task.h"

namespace stint {

enum class WatchType { kAdded, kModified, kDeleted, kBookmark, kError };

struct WatchEvent {
  WatchType type = WatchType::kAdded;
  Object object;    // for kDeleted the last state, with the revision of the deletion; null for kBookmark and kError
  Object previous;  // in process only: the state before, null for kAdded
  std::string resource_version;
  Error error;                      // kError
  bool initial_events_end = false;  // kBookmark that ends the initial part
};

// Ends (nothing) after kError or when the server closes it.
class ObjectWatch {
 public:
  virtual ~ObjectWatch() = default;
  virtual Task<std::optional<WatchEvent>> next() = 0;
  // An event that is there already, without waiting. Optional to offer.
  virtual std::optional<WatchEvent> poll() { return std::nullopt; }
};

struct ListOptions {
  std::string label_selector;
  std::string field_selector;
};
struct ObjectList {
  std::vector<Object> items;
  std::string resource_version;
};

enum class PatchType { kJson, kMerge, kStrategic, kApply };

struct DeleteRequest {
  std::optional<int64_t> grace_period_seconds;
  std::optional<Propagation> propagation;
  std::string uid;               // precondition, "" none
  std::string resource_version;  // precondition, "" none
};

}  // namespace stint
