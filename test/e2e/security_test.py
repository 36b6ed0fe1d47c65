"""What containers may do and may use: users, read-only roots, memory, sysctls, ports of the machine, Pod Security."""
import json
import unittest
import urllib.error
import urllib.request

from stint_server import Server, free_port, wait_until


def pod(name, command, container=None, **spec):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1,
                     "containers": [{"name": "main", "image": "busybox", "imagePullPolicy": "Never", "command": ["sh", "-c", command]} | (container or {})],
                     **spec}}


class Security(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server().start()
        cls.addClassCleanup(cls.server.close)
        cls.port = free_port()
        pods = [
            pod("root", "true", {"securityContext": {"runAsNonRoot": True}}),
            pod("sealed", "echo x >/there; echo x >/dev/termination-log && echo $?", {"securityContext": {"readOnlyRootFilesystem": True}}),
            pod("greedy", "tail /dev/zero", {"resources": {"limits": {"memory": "64Mi"}}}),
            pod("tuned", "cat /proc/sys/net/ipv4/tcp_syncookies", securityContext={"sysctls": [{"name": "net.ipv4.tcp_syncookies", "value": "0"}]}),
            pod("tuning", "true", securityContext={"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}),
            pod("apart", "true", hostUsers=False),
            pod("web", "mkdir /tmp/w && cd /tmp/w && echo hello >index.html && httpd -f -p 8080",
                {"ports": [{"containerPort": 8080, "hostPort": cls.port, "hostIP": "127.0.0.1"}]}),
        ]
        cls.server.kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": pods}))

    def state(self, name):
        status = self.server.json("get", "pod", name)["status"]
        containers = status.get("containerStatuses", [])
        return containers[0]["state"] if containers else {}

    def ended(self, name):
        return wait_until(lambda: self.state(name).get("terminated"), 30, f"{name} ends")

    def test_root_is_refused_where_nobody_is_asked(self):
        waiting = wait_until(lambda: self.state("root").get("waiting", {}).get("message"), 30, "a reason")
        self.assertIn("container has runAsNonRoot and image will run as root", waiting)
        self.assertEqual(self.state("root")["waiting"]["reason"], "CreateContainerConfigError")

    def test_a_read_only_root_takes_the_last_words_alone(self):
        ended = self.ended("sealed")
        self.assertEqual((ended["exitCode"], ended["message"]), (0, "x\n"))
        self.assertIn("Read-only file system", self.server.kubectl("logs", "sealed"))

    def test_want_of_memory_is_told(self):
        ended = self.ended("greedy")
        self.assertEqual((ended["reason"], ended["exitCode"]), ("OOMKilled", 137))
        self.assertEqual(self.server.json("get", "pod", "greedy")["status"]["phase"], "Failed")

    def test_safe_sysctls_are_set_and_others_refused(self):
        self.ended("tuned")
        self.assertEqual(self.server.kubectl("logs", "tuned"), "0\n")
        status = wait_until(lambda: (s := self.server.json("get", "pod", "tuning")["status"]).get("reason") and s, 30, "a reason")
        self.assertEqual((status["phase"], status["reason"]), ("Failed", "SysctlForbidden"))

    def test_users_of_its_own_are_refused_in_an_event(self):
        def told():
            return [e["message"] for e in self.server.json("get", "events")["items"]
                    if e["involvedObject"]["name"] == "apart" and e["reason"] == "FailedCreatePodSandBox"]
        self.assertIn("does not support user namespaces", wait_until(told, 30, "an event")[0])

    def fetch(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=5) as answer:
                return answer.read().decode()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return ""

    def test_a_port_of_the_machine_leads_to_its_pod_after_a_crash_too(self):
        wait_until(lambda: self.fetch() == "hello\n", 30, "an answer")
        self.server.kill()
        self.assertEqual(self.fetch(), "hello\n")
        self.server.start()
        self.assertEqual(self.fetch(), "hello\n")
        self.server.kubectl("delete", "pod", "web")
        self.assertEqual(self.fetch(), "")

    def test_a_namespace_holds_its_pods_to_a_standard(self):
        self.server.kubectl("create", "namespace", "strict")
        self.server.kubectl("label", "namespace", "strict", "pod-security.kubernetes.io/enforce=baseline")
        refused = self.server.run("-n", "strict", "apply", "-f", "-", input=json.dumps(pod("p", "true", hostPID=True)))
        self.assertEqual(refused.returncode, 1)
        self.assertIn('violates PodSecurity "baseline:latest": host namespaces (hostPID=true)', refused.stderr)
        self.server.kubectl("delete", "namespace", "strict")


if __name__ == "__main__":
    unittest.main()
