"""Probes, hooks, sidecars, restart rules and kubectl debug, with real containers."""
import json
import unittest

from stint_server import Server, wait_until


def container(name, script, **more):
    return {"name": name, "image": "busybox", "imagePullPolicy": "Never", "command": ["sh", "-c", script], **more}


def spec(*containers, **more):
    return {"restartPolicy": "Never", "terminationGracePeriodSeconds": 5, "containers": list(containers), **more}


def web(path, port=8080, **more):
    return {"httpGet": {"path": path, "port": port}, "periodSeconds": 1, **more}


SERVE = "mkdir /tmp/w; echo ok >/tmp/w/ok; exec httpd -f -p 8080 -h /tmp/w"


class PodLife(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server().start()
        cls.addClassCleanup(cls.server.close)

    def create(self, name, pod_spec):
        self.server.kubectl("apply", "-f", "-", input=json.dumps(
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": pod_spec}))

    def field(self, name, path):
        return self.server.kubectl("get", "pod", name, "-o", f"jsonpath={{{path}}}")

    def test_a_job_with_a_sidecar_waits_for_its_start_and_ends_with_the_main_container(self):
        sidecar = container("side", SERVE, restartPolicy="Always", startupProbe=web("/ok"), readinessProbe=web("/ok"))
        main = container("main", "wget -q -O- http://127.0.0.1:8080/ok")  # at once: the sidecar is up before it
        job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "beside"},
               "spec": {"backoffLimit": 0, "template": {"spec": spec(main, initContainers=[sidecar])}}}
        self.server.kubectl("apply", "-f", "-", input=json.dumps(job))
        self.server.kubectl("wait", "--for=condition=complete", "job/beside", "--timeout=40s")
        self.assertEqual(self.server.kubectl("logs", "job/beside", "-c", "main"), "ok\n")

    def test_probes_decide_readiness_and_a_dead_container_is_restarted(self):
        serve = "mkdir /tmp/w; [ -f /keep/been ] && echo ok >/tmp/w/live; touch /keep/been; exec httpd -f -p 8080 -h /tmp/w"
        main = container("main", serve,
                         livenessProbe=web("/live", failureThreshold=2), readinessProbe={"tcpSocket": {"port": 8080}, "periodSeconds": 1},
                         volumeMounts=[{"name": "keep", "mountPath": "/keep"}])
        self.create("probed", {**spec(main, volumes=[{"name": "keep", "emptyDir": {}}]), "restartPolicy": "OnFailure"})
        wait_until(lambda: self.field("probed", ".status.containerStatuses[0].restartCount") == "1", 40, "a restart")
        self.server.kubectl("wait", "--for=condition=ready", "pod/probed", "--timeout=20s")
        events = self.server.kubectl("get", "events", "--field-selector", "involvedObject.name=probed", "-o", "jsonpath={.items[*].message}")
        self.assertIn("Liveness probe failed: HTTP probe failed with statuscode: 404", events)
        self.assertIn("Container main failed liveness probe, will be restarted", events)

    def test_a_probe_whose_command_hangs_leaves_nothing_and_one_without_a_command_decides_nothing(self):
        often = {"periodSeconds": 1, "failureThreshold": 1000}
        hangs = container("hangs", "exec sleep 600", readinessProbe={"exec": {"command": ["sleep", "4321"]}, **often})
        missing = container("missing", "exec sleep 600", livenessProbe={"exec": {"command": ["/no/such"]}, "periodSeconds": 1, "failureThreshold": 1})
        self.create("probes", spec(hangs, missing))

        def told(words):
            return [e for e in self.server.json("get", "events")["items"]
                    if e["involvedObject"]["name"] == "probes" and e["message"].startswith(words) and e.get("count", 1) >= 3]
        wait_until(lambda: told('Readiness probe failed: command timed out: "sleep 4321" timed out after 1s'), 30, "it took too long thrice")
        wait_until(lambda: told("Liveness probe errored and resulted in unknown state: "), 30, "it could not be run thrice")
        processes = self.server.kubectl("exec", "probes", "-c", "hangs", "--", "ps")
        self.assertLessEqual(processes.count("sleep 4321"), 1, processes)  # the one that runs now
        status = self.server.json("get", "pod", "probes")["status"]["containerStatuses"]
        self.assertEqual([(c["name"], c["ready"], c["restartCount"]) for c in status], [("hangs", False, 0), ("missing", True, 0)])

    def test_hooks_run_in_the_container(self):
        hooks = {"postStart": {"exec": {"command": ["sh", "-c", "echo started >/keep/start"]}},
                 "preStop": {"exec": {"command": ["sh", "-c", "echo stopping >/proc/1/fd/1"]}}}
        main = container("main", "until [ -f /keep/start ]; do sleep 0.1; done; cat /keep/start; trap 'exit 0' TERM; while :; do sleep 0.1; done",
                         lifecycle=hooks, volumeMounts=[{"name": "keep", "mountPath": "/keep"}])
        self.create("hooked", spec(main, volumes=[{"name": "keep", "emptyDir": {}}]))
        self.server.kubectl("wait", "--for=condition=ready", "pod/hooked", "--timeout=20s")
        follow = self.server.spawn("logs", "-f", "hooked")
        self.server.kubectl("delete", "pod", "hooked", "--wait=false")
        self.assertEqual(follow.communicate(timeout=20)[0], "started\nstopping\n")

    def test_a_rule_restarts_all_containers(self):
        rule = {"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [88]}}
        mounts = [{"name": "keep", "mountPath": "/keep"}]
        main = container("main", "[ -f /keep/been ] && exec sleep 600; touch /keep/been; exit 88", restartPolicy="Never", restartPolicyRules=[rule],
                         volumeMounts=mounts)
        init = container("init", "echo init >>/keep/log", volumeMounts=mounts)
        self.create("anew", spec(main, container("other", "exec sleep 600"), initContainers=[init], volumes=[{"name": "keep", "emptyDir": {}}]))
        counts = ".status.containerStatuses[*].restartCount"
        wait_until(lambda: self.field("anew", counts) == "1 1", 30, "all containers to begin anew")
        self.server.kubectl("wait", "--for=condition=ready", "pod/anew", "--timeout=20s")
        self.assertEqual(self.server.kubectl("exec", "anew", "-c", "main", "--", "cat", "/keep/log"), "init\ninit\n")
        self.assertIn("RestartingAllContainers", self.field("anew", ".status.containerStatuses[0].lastState.terminated.reason"))

    def test_kubectl_debug_sees_the_processes_of_its_target(self):
        self.create("patient", spec(container("main", "exec sleep 54321")))
        self.server.kubectl("wait", "--for=condition=ready", "pod/patient", "--timeout=20s")
        self.server.kubectl("debug", "patient", "--image=busybox", "--image-pull-policy=Never", "--target=main", "--container=doctor", "--profile=general",
                            "--", "sh", "-c", "ps; exit 3")
        ended = ".status.ephemeralContainerStatuses[0].state.terminated.exitCode"
        wait_until(lambda: self.field("patient", ended) == "3", 20, "the end of the debugger")
        self.assertIn("sleep 54321", self.server.kubectl("logs", "patient", "-c", "doctor"))
        self.assertEqual(self.field("patient", ".status.phase"), "Running")


if __name__ == "__main__":
    unittest.main()
