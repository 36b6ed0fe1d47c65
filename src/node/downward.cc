#include "node/downward.h"

#include <algorithm>
#include <map>

#include "api/go_quote.h"
#include "api/kind.h"
#include "api/quantity.h"
#include "node/phase.h"

namespace stint {
namespace {

using Labels = google::protobuf::Map<std::string, std::string>;

std::string whole_map(const Labels& labels) {
  const std::map<std::string, std::string> sorted(labels.begin(), labels.end());
  std::string text;
  for (const auto& [key, value] : sorted) text += (text.empty() ? "" : "\n") + key + "=" + go_quoted(value);
  return text;
}

std::string at(const Labels& labels, std::string_view key) {
  auto found = labels.find(std::string(key));
  return found == labels.end() ? "" : found->second;
}

// "metadata.labels['k']" → k, when `path` starts with `prefix`.
std::optional<std::string_view> subscript(std::string_view path, std::string_view prefix) {
  if (!path.starts_with(prefix) || !path.ends_with("']")) return std::nullopt;
  path.remove_prefix(prefix.size());
  if (!path.starts_with("['")) return std::nullopt;
  return path.substr(2, path.size() - 4);
}

}  // namespace

Result<std::string> field_value(const DownwardInput& input, std::string_view path) {
  const auto& metadata = input.pod.metadata();
  const auto& spec = input.pod.spec();
  if (auto key = subscript(path, "metadata.labels")) return at(metadata.labels(), *key);
  if (auto key = subscript(path, "metadata.annotations")) return at(metadata.annotations(), *key);
  if (path == "metadata.name") return metadata.name();
  if (path == "metadata.namespace") return metadata.namespace_();
  if (path == "metadata.uid") return metadata.uid();
  if (path == "metadata.labels") return whole_map(metadata.labels());
  if (path == "metadata.annotations") return whole_map(metadata.annotations());
  if (path == "spec.nodeName") return spec.nodename();
  if (path == "spec.serviceAccountName") return spec.serviceaccountname();
  if (path == "status.hostIP" || path == "status.hostIPs") return input.host_ip;
  if (path == "status.podIP" || path == "status.podIPs") return input.pod_ip;
  return fail(Reason::kInvalid, "unsupported fieldPath: " + std::string(path));
}

Result<std::string> resource_value(const DownwardInput& input, const corev1::ResourceFieldSelector& selector,
                                   std::string_view container_name) {
  if (selector.has_containername() && !selector.containername().empty()) container_name = selector.containername();
  const auto* container = find_container(input.pod.spec(), container_name);
  if (container == nullptr) return fail(Reason::kInvalid, "container " + std::string(container_name) + " not found");
  const std::string& path = selector.resource();
  const size_t dot = path.find('.');
  if (dot == std::string::npos) return fail(Reason::kInvalid, "unsupported container resource : " + path);
  const std::string side = path.substr(0, dot), name = path.substr(dot + 1);
  const bool limits = side == "limits";
  if (!limits && side != "requests") return fail(Reason::kInvalid, "unsupported container resource : " + path);

  const ResourceAmounts amounts = resource_amounts(limits ? container->resources().limits() : container->resources().requests());
  int64_t value = 0;
  if (auto found = amounts.find(name); found != amounts.end()) value = found->second;
  if (value == 0 && limits) {
    if (auto found = input.allocatable.find(name); found != input.allocatable.end()) value = found->second;
  }
  // cpu is kept in thousandths, so its divisor is too.
  const std::string divisor_text = selector.has_divisor() && !selector.divisor().string().empty() ? selector.divisor().string() : "1";
  int64_t divisor = (name == "cpu" ? quantity_milli_value(divisor_text) : quantity_value(divisor_text)).value_or(0);
  if (divisor <= 0) divisor = name == "cpu" ? 1000 : 1;
  return std::to_string(value / divisor + (value % divisor != 0 ? 1 : 0));
}

}  // namespace stint
