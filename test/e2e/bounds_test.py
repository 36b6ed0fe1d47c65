"""What bounds and protects work besides the rules of its kind: quotas, limits, priorities, disruption budgets, storage in use; and Services."""
import json
import unittest

from raw_api import RawApi
from stint_server import Server, wait_until

POD = {"apiVersion": "v1", "kind": "Pod", "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox", "command": ["sleep", "1000"]}]}}
CLAIM = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c"},
         "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}


def pod(name, labels=None, **spec):
    return {**POD, "metadata": {"name": name, "labels": labels or {}}, "spec": {**POD["spec"], **spec}}


def waiting_pod(name, labels=None):
    """One that no node takes, so that it neither runs nor ends."""
    return pod(name, labels, nodeSelector={"no": "node"})


class Bounds(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(runtime="fake").start()
        cls.addClassCleanup(cls.server.close)
        cls.api = RawApi(json.loads(cls.server.kubectl("config", "view", "--raw", "-o", "json")))

    def setUp(self):
        self.ns = self.id().rsplit(".", 1)[1].replace("_", "-")[:60].strip("-")
        self.server.kubectl("create", "ns", self.ns)

    def kubectl(self, *args, **kwargs):
        return self.server.kubectl("-n", self.ns, *args, **kwargs)

    def create(self, thing):
        return self.kubectl("create", "-f", "-", input=json.dumps(thing))

    def refused(self, thing):
        result = self.server.run("-n", self.ns, "create", "-f", "-", input=json.dumps(thing))
        self.assertNotEqual(result.returncode, 0, result.stdout)
        return result.stderr

    def used(self, quota, name):
        return json.loads(self.kubectl("get", "quota", quota, "-o", "json"))["status"].get("used", {}).get(name)

    def test_a_quota_counts_what_comes_and_goes(self):
        self.kubectl("create", "quota", "q", "--hard=pods=2,count/jobs.batch=1,secrets=0")
        wait_until(lambda: self.used("q", "pods") == "0", 5, "counted")
        self.create(waiting_pod("a"))
        self.create(waiting_pod("b"))
        self.assertIn('pods "c" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2', self.refused(waiting_pod("c")))
        self.kubectl("delete", "pod", "a", "--grace-period=0", "--force")
        wait_until(lambda: self.used("q", "pods") == "1", 5, "taken off")
        self.create(waiting_pod("c"))
        self.assertIn("count/jobs.batch: 0/1, pods: 2/2, secrets: 0/0", self.kubectl("get", "quota"))
        self.kubectl("delete", "quota", "q")
        self.create(pod("d"))

    def test_limits_fill_in_and_refuse(self):
        self.create({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "l"},
                     "spec": {"limits": [{"type": "Container", "default": {"cpu": "200m"}, "max": {"cpu": "500m"}}]}})
        self.create(pod("a"))
        self.assertEqual(self.kubectl("get", "pod", "a", "-o", "jsonpath={.spec.containers[0].resources.limits.cpu}"), "200m")
        greedy = pod("b", containers=[{"name": "main", "image": "busybox", "resources": {"limits": {"cpu": "1"}}}])
        self.assertIn("maximum cpu usage per Container is 500m, but limit is 1", self.refused(greedy))

    def test_priorities(self):
        self.assertIn("system-node-critical", self.kubectl("get", "priorityclasses"))
        self.kubectl("create", "priorityclass", "high", "--value=1000", "--description=d")
        self.create(pod("a", priorityClassName="high"))
        self.assertEqual(self.kubectl("get", "pod", "a", "-o", "jsonpath={.spec.priority}"), "1000")
        self.kubectl("delete", "priorityclass", "high")

    def test_an_eviction_heeds_the_budget(self):
        self.create(waiting_pod("a", {"app": "x"}))
        ready = {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}
        code, answer = self.api.request("PATCH", f"/api/v1/namespaces/{self.ns}/pods/a/status", ready, {"Content-Type": "application/merge-patch+json"})
        self.assertEqual(code, 200, answer)
        self.kubectl("create", "pdb", "b", "--selector=app=x", "--min-available=1")
        wait_until(lambda: self.kubectl("get", "pdb", "b", "-o", "jsonpath={.status.currentHealthy}") == "1", 5, "the budget is counted")
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "a", "namespace": self.ns}}
        path = f"/api/v1/namespaces/{self.ns}/pods/a/eviction"
        code, answer = self.api.request("POST", path, eviction)
        self.assertEqual(code, 429, answer)
        self.kubectl("delete", "pdb", "b")
        code, answer = self.api.request("POST", path, eviction)
        self.assertEqual(code, 201, answer)

    def test_a_claim_in_use_stays_until_its_pod_is_gone(self):
        self.create(CLAIM)
        self.assertIn("Pending", self.kubectl("get", "pvc", "c"))
        self.kubectl("delete", "pvc", "c", "--timeout=20s")
        self.assertEqual(self.kubectl("get", "pvc", "-o", "name"), "")

    def test_services_get_addresses(self):
        self.kubectl("create", "service", "clusterip", "s", "--tcp=80:8080")
        self.assertRegex(self.kubectl("get", "service", "s", "--no-headers"), r"^s +ClusterIP +10\.96\.\d+\.\d+ +<none> +80/TCP ")
        self.kubectl("create", "service", "nodeport", "n", "--tcp=80")
        self.assertRegex(self.kubectl("get", "service", "n", "--no-headers"), r" 80:3\d{4}/TCP ")

    def test_roles_and_bindings(self):
        self.kubectl("create", "role", "r", "--verb=get", "--resource=pods")
        self.kubectl("create", "rolebinding", "b", "--role=r", "--user=someone")
        self.assertRegex(self.kubectl("get", "rolebinding", "b", "-o", "wide", "--no-headers"), r"^b +Role/r +\S+ +someone")


if __name__ == "__main__":
    unittest.main()
