#include "node/service_environment.h"

#include <algorithm>
#include <cctype>

namespace stint {
namespace {

std::string variable_name(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return c == '-' ? '_' : static_cast<char>(std::toupper(c)); });
  return out;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

bool is_told(const corev1::Service& service, const std::string& ns, bool wants_links) {
  const auto& meta = service.metadata();
  if (meta.namespace_() == "default" && meta.name() == "kubernetes") return true;
  return wants_links && meta.namespace_() == ns;
}

void add_service_variables(const corev1::Service& service, Environment& out) {
  const std::string& address = service.spec().clusterip();
  if (address.empty() || address == "None" || service.spec().ports().empty()) return;
  const std::string name = variable_name(service.metadata().name());
  out[name + "_SERVICE_HOST"] = address;
  out[name + "_SERVICE_PORT"] = std::to_string(service.spec().ports(0).port());
  for (const corev1::ServicePort& port : service.spec().ports()) {
    const std::string number = std::to_string(port.port());
    if (!port.name().empty()) out[name + "_SERVICE_PORT_" + variable_name(port.name())] = number;
    const std::string protocol = port.protocol().empty() ? "TCP" : port.protocol();
    const std::string url = lower(protocol) + "://" + address + ":" + number;
    if (&port == &service.spec().ports(0)) out[name + "_PORT"] = url;
    const std::string prefix = name + "_PORT_" + number + "_" + variable_name(protocol);
    out[prefix] = url;
    out[prefix + "_PROTO"] = lower(protocol);
    out[prefix + "_PORT"] = number;
    out[prefix + "_ADDR"] = address;
  }
}

}  // namespace stint
