"""SIGTERM with --shutdown-grace: pods are ended with real containers, and nothing of the server stays on the machine."""
import json
import subprocess
import unittest

from stint_server import Server, wait_until


def pod(name, script, grace=30, **more):
    container = {"name": "main", "image": "busybox", "imagePullPolicy": "Never", "command": ["sh", "-c", script]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": grace, "containers": [container], **more}}


TIDY = "trap 'sleep 1; exit 0' TERM; while :; do sleep 0.1; done"
DEAF = "trap '' TERM; while :; do sleep 1; done"


class Shutdown(unittest.TestCase):
    def server(self, *arguments):
        server = Server(arguments=arguments).start()
        self.addCleanup(server.close)
        return server

    def run_pods(self, server, *pods):
        server.kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(pods)}))
        server.kubectl("wait", "--for=condition=ready", "pods", "--all", "--timeout=60s")

    def of(self, server, name):
        status = server.json("get", "pod", name)["status"]
        return status["phase"], status.get("reason"), status["containerStatuses"][0]["state"]["terminated"]["exitCode"]

    def test_pods_end_within_the_grace_and_nothing_is_left(self):
        server = self.server("--shutdown-grace", "6s", "--shutdown-grace-critical", "3s")
        self.run_pods(server, pod("tidy", TIDY), pod("deaf", DEAF, grace=300), pod("critical", TIDY, priorityClassName="system-node-critical"))
        server.stop()
        self.assertEqual(server.leftovers(), [])
        self.assertNotIn(server.instance()[:8], subprocess.run(["nft", "list", "tables"], capture_output=True, text=True).stdout)
        server.start()
        self.assertEqual(self.of(server, "tidy"), ("Failed", "Terminated", 0))
        self.assertEqual(self.of(server, "deaf"), ("Failed", "Terminated", 137))
        self.assertEqual(self.of(server, "critical"), ("Failed", "Terminated", 0))
        conditions = server.json("get", "pod", "deaf")["status"]["conditions"]
        disrupted = next(c for c in conditions if c["type"] == "DisruptionTarget")
        self.assertEqual((disrupted["status"], disrupted["reason"]), ("True", "TerminationByKubelet"))
        server.kubectl("wait", "--for=condition=ready", "nodes", "--all", "--timeout=20s")

    def test_a_second_signal_ends_it_at_once_and_what_runs_goes_on(self):
        server = self.server("--shutdown-grace", "300s")
        self.run_pods(server, pod("deaf", DEAF, grace=300))
        server.process.terminate()

        def is_going_down():
            ready = next(c for c in server.json("get", "nodes")["items"][0]["status"]["conditions"] if c["type"] == "Ready")
            return (ready["status"], ready["message"]) == ("False", "node is shutting down")
        wait_until(is_going_down, 20, "a node that is shutting down")
        server.stop()
        self.assertTrue(server.container_processes())
        server.start()
        self.assertEqual(server.json("get", "pod", "deaf")["status"]["phase"], "Running")
        server.kubectl("delete", "pod", "deaf", "--grace-period=0", "--force")


if __name__ == "__main__":
    unittest.main()
