// Who is behind each Service, and which pod has which address: what DNS answers are made of, kept current by what the informers tell. The
// pods are those of this node: nobody else's can be reached on its network. Pure bookkeeping; loop thread only.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client/client.h"

namespace stint::dns {

class Directory {
 public:
  using Pod = std::shared_ptr<const corev1::Pod>;
  using Service = std::shared_ptr<const corev1::Service>;

  // As an informer's handlers: either may be null.
  void service_changed(const Object& old, const Object& next);
  void pod_changed(const Object& old, const Object& next);

  // Null if there is none.
  Service service(std::string_view ns, std::string_view name) const;
  // A pod that can be found by a Service's name, and the label that stands for it alone before that name: its host name if its subdomain is
  // the Service, else its address with dashes.
  struct Member {
    Pod pod;
    uint32_t address = 0;
    std::string label;
  };
  // The ready ones; with publishNotReadyAddresses all. Empty if the Service has no selector.
  std::vector<Member> members(const corev1::Service& service) const;

  // The one pod that has this address for itself. Null if there is none.
  Pod pod_at(uint32_t address) const;
  // The Service that gives the pod a name, of its subdomain. Null if there is none.
  Service service_naming(const corev1::Pod& pod) const;

 private:
  using Pods = std::map<std::string, Pod, std::less<>>;  // by "namespace/name"
  struct Entry {
    Service service;
    Pods members;
  };
  void put(const Pod& pod);
  void take_away(const corev1::Pod& pod);

  std::map<std::string, Entry, std::less<>> services_;  // by "namespace/name"
  Pods pods_;                                           // those that have an address and have not ended
  std::map<uint32_t, Pod> addresses_;
};

// "10-88-0-5"
std::string dashed(uint32_t address);

}  // namespace stint::dns
