// One informer a kind for all controllers of a process, made when first asked for. Loop thread only.
#pragma once

#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "client/informer.h"

namespace stint {

// On every shared informer: the objects by the uid of their controlling owner.
inline constexpr std::string_view kControllerIndex = "controller";

class SharedInformers {
 public:
  SharedInformers(Loop& loop, Client& client) : loop_(loop), client_(client) {}

  Informer& of(const Kind& kind);
  template <class T>
  Informer& of() {
    return of(kind_of<T>());
  }
  // Starts those there are; one asked for later starts at once.
  void start();

 private:
  Loop& loop_;
  Client& client_;
  bool started_ = false;
  std::map<const Kind*, std::unique_ptr<Informer>> informers_;
};

// Returns once all of them have synced.
Task<void> wait_synced(std::vector<Informer*> informers);

}  // namespace stint
