"""Pods that take too much of the disk, and pods on a machine that runs short, with real containers."""
import json
import unittest

from stint_server import Server, wait_until


def pod(name, script, resources=None):
    container = {"name": "main", "image": "busybox", "imagePullPolicy": "Never", "command": ["sh", "-c", script], "resources": resources or {}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "containers": [container]}}


class Eviction(unittest.TestCase):
    def server(self, *arguments):
        server = Server(arguments=arguments).start()
        self.addCleanup(server.close)
        return server

    def ended(self, server, name):
        def look():
            status = server.json("get", "pod", name)["status"]
            return status if status["phase"] == "Failed" else None
        return wait_until(look, 60, f"{name} is evicted")

    def disruption(self, status):
        return [c["reason"] for c in status["conditions"] if c["type"] == "DisruptionTarget"]

    def test_a_container_that_writes_more_than_its_limit(self):
        server = self.server()
        limit = {"limits": {"ephemeral-storage": "8Mi"}}
        layer = pod("layer", "dd if=/dev/zero of=/file bs=1M count=16 2>/dev/null; sleep 1000", limit)
        log = pod("log", "dd if=/dev/zero bs=1M count=9 2>/dev/null | tr '\\0' x; sleep 1000", limit)
        # The other container's limit is the pod's, too.
        layer["spec"]["containers"].append({"name": "other", "image": "busybox", "imagePullPolicy": "Never", "command": ["sleep", "1000"],
                                            "resources": {"limits": {"ephemeral-storage": "1Gi"}}})
        modest = pod("modest", "dd if=/dev/zero of=/file bs=1M count=4 2>/dev/null; sleep 1000", limit)
        server.kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": [layer, log, modest]}))
        status = self.ended(server, "layer")
        self.assertEqual((status["reason"], status["message"]), ("Evicted", 'Container main exceeded its local ephemeral storage limit "8Mi". '))
        self.assertEqual(self.disruption(status), [])
        status = self.ended(server, "log")
        self.assertEqual((status["reason"], status["message"]),
                         ("Evicted", "Pod ephemeral local storage usage exceeds the total limit of containers 8Mi. "))
        self.assertEqual(server.json("get", "pod", "modest")["status"]["phase"], "Running")
        events = server.json("get", "events", "--field-selector", "involvedObject.name=layer,reason=Evicted")["items"]
        self.assertEqual([e["type"] for e in events], ["Warning"])

    def test_a_machine_short_of_memory_takes_it_from_who_uses_more_than_it_asked_for(self):
        server = self.server("--eviction-hard", "memory.available<1Ti")

        def condition():
            conditions = {c["type"]: c for c in server.json("get", "nodes")["items"][0]["status"]["conditions"]}
            return conditions["MemoryPressure"]["status"] == "True" and conditions["MemoryPressure"]["reason"]
        self.assertEqual(wait_until(condition, 30, "the condition"), "KubeletHasInsufficientMemory")
        node = server.json("get", "nodes")["items"][0]["metadata"]["name"]
        greedy = pod("greedy", "x=$(head -c 20000000 /dev/zero | tr '\\0' x); sleep 1000", {"requests": {"memory": "1Mi"}})
        idle = pod("idle", "sleep 1000")
        for each in (greedy, idle):
            each["spec"]["nodeName"] = node
        server.kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": [greedy, idle]}))
        refused = self.ended(server, "idle")
        self.assertEqual((refused["reason"], refused["message"]), ("Evicted", "Pod was rejected: The node had condition: [MemoryPressure]. "))
        evicted = self.ended(server, "greedy")
        self.assertEqual(evicted["reason"], "Evicted")
        self.assertRegex(evicted["message"], r"^The node was low on resource: memory\. Threshold quantity: 1Ti, available: \S+\. ")
        self.assertEqual(self.disruption(evicted), ["TerminationByKubelet"])
        self.assertEqual(evicted["containerStatuses"][0]["state"]["terminated"]["exitCode"], 137)


if __name__ == "__main__":
    unittest.main()
