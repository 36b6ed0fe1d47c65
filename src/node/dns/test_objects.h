// Services and pods as the informers tell of them, for tests.
#pragma once

#include <memory>
#include <string>

#include "node/dns/directory.h"

namespace stint::dns {

inline std::shared_ptr<corev1::Service> make_service(const std::string& name, const std::string& cluster_ip = "None") {
  auto service = std::make_shared<corev1::Service>();
  service->mutable_metadata()->set_namespace_("ns");
  service->mutable_metadata()->set_name(name);
  service->mutable_spec()->set_clusterip(cluster_ip);
  (*service->mutable_spec()->mutable_selector())["job-name"] = "j";
  auto& port = *service->mutable_spec()->add_ports();
  port.set_name("peer");
  port.set_port(80);
  port.mutable_targetport()->set_strval("work");
  return service;
}

// A ready one of an Indexed Job, in the Service `subdomain`.
inline std::shared_ptr<corev1::Pod> make_pod(int index, const std::string& ip, const std::string& subdomain = "workers") {
  auto pod = std::make_shared<corev1::Pod>();
  const std::string hostname = "j-" + std::to_string(index);
  auto& metadata = *pod->mutable_metadata();
  metadata.set_namespace_("ns");
  metadata.set_name(hostname + "-abcde");
  metadata.set_uid("uid-" + ip);
  (*metadata.mutable_labels())["job-name"] = "j";
  pod->mutable_spec()->set_hostname(hostname);
  pod->mutable_spec()->set_subdomain(subdomain);
  auto& port = *pod->mutable_spec()->add_containers()->add_ports();
  port.set_name("work");
  port.set_containerport(7000);
  pod->mutable_status()->set_phase("Running");
  pod->mutable_status()->set_podip(ip);
  auto& condition = *pod->mutable_status()->add_conditions();
  condition.set_type("Ready");
  condition.set_status("True");
  return pod;
}

}  // namespace stint::dns
