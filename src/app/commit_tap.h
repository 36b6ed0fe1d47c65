// A store that tells of each commit, with the objects before and after it, before its writer goes on. For the simulation, which draws
// and judges what it sees here, and crashes here. Loop thread only.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "api/kind.h"
#include "store/forwarding_store.h"

namespace stint {

struct Commit {
  Revision revision = 0;
  const Kind* kind = nullptr;
  std::string key;
  Object old, next;  // null: it was not there, it is not there any more
};

class CommitTap final : public ForwardingStore {
 public:
  using Handler = std::function<void(const Commit&)>;
  // Stands between a commit and the answer to its writer.
  using Pause = std::function<Task<void>()>;

  using ForwardingStore::ForwardingStore;

  // Told of Jobs, CronJobs, Pods and Events; what else is stored is of no interest here.
  void add_handler(Handler handler) { handlers_.push_back(std::move(handler)); }
  void set_pause(Pause pause) { pause_ = std::move(pause); }
  // The newest of each, by key: "/registry/jobs/default/hello".
  const std::map<std::string, Object>& objects() const { return objects_; }
  size_t commits() const { return commits_; }  // of every kind

  Task<Result<Revision>> commit(Write write) override;

 private:
  void tell(const Kind& kind, const Write& write, Revision revision);

  std::vector<Handler> handlers_;
  Pause pause_;
  std::map<std::string, Object> objects_;
  size_t commits_ = 0;
};

}  // namespace stint
