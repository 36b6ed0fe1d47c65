// Source: upstream's metrics-server, pkg/api.
#include "api/go_duration.h"
#include "api/metrics/rules.h"
#include "api/quantity.h"

namespace stint::metrics {
namespace {

using Resources = google::protobuf::Map<std::string, resource::Quantity>;

// The two versions have one shape, number for number.
metricsv1::PodMetrics as_pod(const Message& object) {
  metricsv1::PodMetrics metrics;
  metrics.ParsePartialFromString(object.SerializePartialAsString());
  return metrics;
}
metricsv1::NodeMetrics as_node(const Message& object) {
  metricsv1::NodeMetrics metrics;
  metrics.ParsePartialFromString(object.SerializePartialAsString());
  return metrics;
}
std::unique_ptr<Message> in_version(const Kind& kind, const Message& metrics) {
  auto object = kind.make();
  object->ParsePartialFromString(metrics.SerializePartialAsString());
  return object;
}

constexpr Column kColumns[] = {
    {.name = "Name", .format = "name", .description = "Name of what was measured."},
    {.name = "cpu", .format = "quantity"},
    {.name = "memory", .format = "quantity"},
    {.name = "Window", .format = "duration"},
};

std::string cpu_text(int64_t nanocores) { return canonical_quantity(std::to_string(nanocores) + "n").value_or("0"); }

void fill(Resources& resources, const ResourceUsage& usage) {
  resources["cpu"].set_string(cpu_text(usage.cpu_nanocores));
  resources["memory"].set_string(bytes_quantity(usage.memory_bytes));
}

template <class Metrics>
void fill_head(Metrics& metrics, const metav1::ObjectMeta& of, WallTime at, Duration window) {
  auto& head = *metrics.mutable_metadata();
  head.set_name(of.name());
  if (of.has_namespace_()) head.set_namespace_(of.namespace_());
  *head.mutable_labels() = of.labels();
  *head.mutable_creationtimestamp() = to_time(at);
  *metrics.mutable_timestamp() = to_time(at);
  metrics.mutable_window()->set_duration(std::chrono::floor<std::chrono::milliseconds>(window).count() * 1'000'000);
}

std::string cpu_of(const Resources& resources) {
  const auto found = resources.find("cpu");
  return found == resources.end() ? "0" : found->second.string();
}

int64_t bytes(const Resources& resources) {
  const auto found = resources.find("memory");
  return found == resources.end() ? 0 : quantity_value(found->second.string()).value_or(0);
}

void node_row(const Message& object, WallTime, Row& row) {
  const auto metrics = as_node(object);
  row.cells = {metrics.metadata().name(), cpu_of(metrics.usage()), bytes_quantity(bytes(metrics.usage())),
               go_duration_text(Duration(metrics.window().duration()))};
}

void pod_row(const Message& object, WallTime, Row& row) {
  const auto metrics = as_pod(object);
  std::string cpu = "0";
  int64_t memory = 0;
  for (const auto& container : metrics.containers()) {
    cpu = add_quantities(cpu, cpu_of(container.usage()));
    memory += bytes(container.usage());
  }
  row.cells = {metrics.metadata().name(), cpu, bytes_quantity(memory), go_duration_text(Duration(metrics.window().duration()))};
}

}  // namespace

std::unique_ptr<Message> node_metrics(const Kind& kind, const metav1::ObjectMeta& node, const NodeUsage& usage) {
  metricsv1::NodeMetrics metrics;
  fill_head(metrics, node, usage.at, usage.window);
  fill(*metrics.mutable_usage(), usage.usage);
  return in_version(kind, metrics);
}

std::unique_ptr<Message> pod_metrics(const Kind& kind, const metav1::ObjectMeta& pod, const PodUsage& usage) {
  metricsv1::PodMetrics metrics;
  fill_head(metrics, pod, usage.at, usage.window);
  for (const auto& [name, used] : usage.containers) {
    auto& container = *metrics.add_containers();
    container.set_name(name);
    fill(*container.mutable_usage(), used);
  }
  return in_version(kind, metrics);
}

constinit const Rules kNodeMetricsRules = {.columns = kColumns, .row = node_row};
constinit const Rules kPodMetricsRules = {.columns = kColumns, .row = pod_row};

}  // namespace stint::metrics
