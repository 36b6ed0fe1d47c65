"""What a node shows of its pods, as kubelets do: metrics, the summary, and `kubectl top`."""
import json
import unittest

import prometheus_text
from stint_server import Server, wait_until


class Usage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server().start()
        cls.addClassCleanup(cls.server.close)
        cls.server.kubectl("apply", "-f", "-", input=json.dumps(
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "busy"},
             "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "volumes": [{"name": "v", "emptyDir": {}}],
                      "containers": [{"name": "main", "image": "busybox", "imagePullPolicy": "Never", "volumeMounts": [{"name": "v", "mountPath": "/v"}],
                                      "command": ["sh", "-c", "head -c 3145728 /dev/zero >/v/f; head -c 2097152 /dev/zero >/g; while :; do :; done"],
                                      "resources": {"limits": {"memory": "64Mi", "cpu": "100m"}}}]}}))
        cls.server.kubectl("wait", "--for=condition=ready", "pod/busy", "--timeout=40s")
        cls.node = cls.server.json("get", "nodes")["items"][0]["metadata"]["name"]

    def page(self, path):
        return self.server.kubectl("get", "--raw", f"/api/v1/nodes/{self.node}/proxy/{path}")

    def families(self, path):
        return prometheus_text.parse(self.page(path))

    def test_metrics_of_resources(self):
        of = {"namespace": "default", "pod": "busy"}
        wait_until(lambda: self.families("metrics/resource")["container_cpu_usage_seconds_total"].sum(container="main", **of) > 0.2, 30, "processor time")
        families = self.families("metrics/resource")
        self.assertGreater(families["pod_cpu_usage_seconds_total"].sum(**of), 0.2)
        self.assertGreater(families["container_memory_working_set_bytes"].sum(container="main", **of), 0)
        self.assertLess(families["pod_memory_working_set_bytes"].sum(**of), 64 << 20)
        self.assertGreater(families["container_start_time_seconds"].sum(container="main", **of), 1.6e9)
        self.assertGreater(families["node_cpu_usage_seconds_total"].sum(), families["pod_cpu_usage_seconds_total"].sum(**of))
        self.assertGreater(families["node_memory_working_set_bytes"].sum(), 1 << 20)

    def test_metrics_of_cadvisor(self):
        of = {"namespace": "default", "pod": "busy", "container": "main"}
        wait_until(lambda: self.families("metrics/cadvisor")["container_cpu_cfs_throttled_periods_total"].sum(**of) > 0, 30, "a quota used up")
        families = self.families("metrics/cadvisor")
        self.assertGreater(families["container_cpu_usage_seconds_total"].sum(cpu="total", **of), 0)
        self.assertGreater(families["container_cpu_cfs_throttled_seconds_total"].sum(**of), 0)
        self.assertEqual(families["container_spec_memory_limit_bytes"].sum(**of), 64 << 20)
        self.assertEqual(families["container_spec_cpu_quota"].sum(**of), 10_000)
        self.assertGreaterEqual(families["container_memory_usage_bytes"].sum(**of), families["container_memory_working_set_bytes"].sum(**of))
        self.assertGreater(families["container_memory_rss"].sum(**of), 0)
        self.assertEqual(families["container_threads"].sum(**of), 1)
        self.assertEqual(families["machine_memory_bytes"].sum() // 1024,
                         int(self.server.json("get", "node", self.node)["status"]["capacity"]["memory"].removesuffix("Ki")))

    def test_the_summary(self):
        def summary():
            node = json.loads(self.page("stats/summary"))
            pod = next(p for p in node["pods"] if p["podRef"]["name"] == "busy")
            return (node, pod) if pod["cpu"].get("usageNanoCores") else None
        node, pod = wait_until(summary, 40, "a rate")
        self.assertEqual(node["node"]["nodeName"], self.node)
        self.assertGreater(node["node"]["fs"]["capacityBytes"], node["node"]["fs"]["availableBytes"])
        self.assertGreater(node["node"]["rlimit"]["maxpid"], node["node"]["rlimit"]["curproc"])
        self.assertLess(pod["cpu"]["usageNanoCores"], 200_000_000)  # a tenth of a processor
        (container,) = pod["containers"]
        self.assertGreaterEqual(container["rootfs"]["usedBytes"], 2 << 20)
        (volume,) = [v for v in pod["volume"] if v["name"] == "v"]
        self.assertGreaterEqual(volume["usedBytes"], 3 << 20)
        self.assertGreaterEqual(pod["ephemeral-storage"]["usedBytes"], 5 << 20)
        self.assertLess(container["memory"]["workingSetBytes"], 64 << 20)

    def test_kubectl_top(self):
        row = wait_until(lambda: self.server.run("top", "pod", "busy", "--no-headers").stdout.split(), 40, "kubectl top pod")
        self.assertEqual(row[0], "busy")
        self.assertLess(int(row[1].removesuffix("m")), 200)
        row = wait_until(lambda: self.server.run("top", "node", "--no-headers").stdout.split(), 40, "kubectl top node")
        self.assertEqual(row[0], self.node)

    def test_what_the_node_counts(self):
        for families in (self.families("metrics"), prometheus_text.parse(self.server.kubectl("get", "--raw", "/metrics"))):
            self.assertGreaterEqual(families["kubelet_started_pods_total"].sum(), 1)
            self.assertGreaterEqual(families["kubelet_started_containers_total"].sum(container_type="container"), 1)
            self.assertGreaterEqual(families["kubelet_running_pods"].sum(), 1)
            self.assertGreaterEqual(families["kubelet_running_containers"].sum(container_state="running"), 1)
            counts = [v for (name, _), v in families["kubelet_pod_start_duration_seconds"].samples.items() if name.endswith("_count")]
            self.assertGreaterEqual(sum(counts), 1)

    def test_what_is_not_there_and_who_may_not_ask(self):
        self.assertIn("could not find the requested resource", self.server.run("get", "--raw", f"/api/v1/nodes/{self.node}/proxy/nothing").stderr)
        self.assertIn('nodes "other" not found', self.server.run("get", "--raw", "/api/v1/nodes/other/proxy/metrics").stderr)
        refused = self.server.run("get", "--raw", f"/api/v1/nodes/{self.node}/proxy/metrics", "--as", "somebody")
        self.assertIn('cannot get resource "nodes/proxy" in API group ""', refused.stderr)
        self.assertEqual(self.page("healthz"), "ok")


if __name__ == "__main__":
    unittest.main()
