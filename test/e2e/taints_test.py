"""Taints of the node: who is kept off, who is driven off and says why."""
import json
import unittest

from stint_server import Server, wait_until


class Taints(unittest.TestCase):
    def test_a_taint_drives_off_the_pods_that_do_not_tolerate_it(self):
        server = Server().start()
        self.addCleanup(server.close)
        node = server.kubectl("get", "nodes", "-o", "name").strip().removeprefix("node/")

        def pod(name, tolerations=()):
            return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "finalizers": ["example.com/seen"]},
                    "spec": {"terminationGracePeriodSeconds": 1, "tolerations": list(tolerations),
                             "containers": [{"name": "main", "image": "busybox", "imagePullPolicy": "Never", "command": ["sleep", "600"]}]}}
        tolerant = {"key": "k", "operator": "Equal", "value": "v"}
        pods = [pod("stays", [tolerant]), pod("stays-a-while", [{**tolerant, "effect": "NoExecute", "tolerationSeconds": 2}]), pod("goes")]
        server.kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": pods}))
        server.kubectl("wait", "--for=condition=ready", "pod", "--all", "--timeout=30s")
        server.kubectl("taint", "nodes", node, "k=v:NoSchedule")
        server.kubectl("apply", "-f", "-", input=json.dumps(pod("kept-off")))
        wait_until(lambda: "had untolerated taint" in server.kubectl("get", "events", "--field-selector", "reason=FailedScheduling"), 20, "it is told")
        server.kubectl("taint", "nodes", node, "k=v:NoExecute")
        for name in ("goes", "stays-a-while"):
            status = wait_until(lambda: (s := server.json("get", "pod", name)["status"])["phase"] == "Failed" and s, 30, f"{name} ends")
            self.assertEqual([c["reason"] for c in status["conditions"] if c["type"] == "DisruptionTarget"], ["DeletionByTaintManager"])
        self.assertEqual(server.json("get", "pod", "stays")["status"]["phase"], "Running")
        self.assertIn("TaintManagerEviction", server.kubectl("get", "events"))
        server.kubectl("taint", "nodes", node, "k-")
        for one in pods + [pod("kept-off")]:
            server.kubectl("patch", "pod", one["metadata"]["name"], "--type=merge", "-p", '{"metadata":{"finalizers":null}}')


if __name__ == "__main__":
    unittest.main()
