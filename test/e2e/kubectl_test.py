"""What a user types, with the oldest kubectl that is promised and with a newer one."""
import json
import unittest

from prometheus_text import parse
from stint_server import Server, kubectl_path, wait_until


class Kubectl:
    version = None

    @classmethod
    def setUpClass(cls):
        cls.server = Server(kubectl=kubectl_path(cls.version)).start()
        cls.addClassCleanup(cls.server.close)
        cls.server.kubectl("create", "ns", "demo")
        cls.server.kubectl("config", "set-context", "--namespace", "demo", "--current")

    def test_create_wait_logs_and_formats(self):
        kubectl = self.server.kubectl
        self.server.kubectl("apply", "-f", "-", input=json.dumps(never_pulled("hello", ["sh", "-c", "echo hello; echo world >&2"])))
        kubectl("wait", "--for=condition=complete", "job/hello", "--timeout=30s")
        self.assertEqual(kubectl("logs", "job/hello"), "hello\nworld\n")
        self.assertEqual(kubectl("get", "job", "hello", "-o", "name"), "job.batch/hello\n")
        self.assertEqual(kubectl("get", "job", "hello", "-o", "jsonpath={.status.succeeded}"), "1")
        self.assertIn("kind: Job", kubectl("get", "job", "hello", "-o", "yaml"))
        self.assertIn("busybox", kubectl("get", "job", "hello", "-o", "wide"))
        self.assertIn("hello", kubectl("get", "jobs", "--field-selector", "status.successful=1"))
        self.assertEqual(kubectl("get", "pods", "-l", "job-name=nope", "-o", "name"), "")
        self.assertIn("Completed", kubectl("get", "pods", "-l", "job-name=hello"))

    def test_a_job_typed_by_hand(self):
        kubectl = self.server.kubectl
        self.assertEqual(kubectl("create", "job", "typed", "--image=busybox", "--", "echo", "typed"), "job.batch/typed created\n")
        kubectl("wait", "--for=condition=complete", "job/typed", "--timeout=30s")
        self.assertEqual(kubectl("logs", "job/typed"), "typed\n")

    def test_a_container_of_another_user_sees_its_files(self):
        kubectl = self.server.kubectl
        manifest = never_pulled("nobody", ["sh", "-c", "id -u; ls / >/dev/null && cat /etc/hosts /etc/resolv.conf >/dev/null && echo seen"])
        manifest["spec"]["template"]["spec"]["securityContext"] = {"runAsUser": 1000}
        kubectl("apply", "-f", "-", input=json.dumps(manifest))
        kubectl("wait", "--for=condition=complete", "job/nobody", "--timeout=30s")
        self.assertEqual(kubectl("logs", "job/nobody"), "1000\nseen\n")

    def test_follows_a_log_to_its_end(self):
        self.server.kubectl("apply", "-f", "-", input=json.dumps(never_pulled("slow", ["sh", "-c", "for i in 1 2 3; do echo $i; sleep 1; done"])))
        wait_until(lambda: self.server.kubectl("get", "pods", "-l", "job-name=slow", "-o", "jsonpath={.items[0].status.phase}") == "Running", 20, "running")
        self.assertEqual(self.server.kubectl("logs", "-f", "job/slow"), "1\n2\n3\n")

    def test_explains_a_field(self):
        text = self.server.kubectl("explain", "job.spec.backoffLimit")
        self.assertIn("backoffLimit", text)
        self.assertIn("integer", text)

    def test_reads_the_metrics(self):
        self.server.kubectl("apply", "-f", "-", input=json.dumps(never_pulled("counted", ["true"])))
        self.server.kubectl("wait", "--for=condition=complete", "job/counted", "--timeout=30s")
        families = parse(self.server.kubectl("get", "--raw", "/metrics"))
        for name, kind in {"apiserver_request_total": "counter", "apiserver_request_duration_seconds": "histogram", "workqueue_depth": "gauge",
                           "job_controller_job_sync_duration_seconds": "histogram", "process_start_time_seconds": "gauge"}.items():
            self.assertEqual(families[name].kind, kind, name)
        self.assertGreaterEqual(families["job_controller_jobs_finished_total"].sum(result="succeeded"), 1)
        self.assertGreaterEqual(families["workqueue_adds_total"].sum(name="job"), 1)
        self.assertLessEqual(families["stint_workqueue_busiest_key_runs_per_second_max"].sum(name="job"), 150)

    def test_diffs_and_applies(self):
        manifest = never_pulled("differ", ["true"])
        self.server.kubectl("apply", "-f", "-", input=json.dumps(manifest))
        manifest["spec"]["backoffLimit"] = 3
        diff = self.server.run("diff", "-f", "-", input=json.dumps(manifest))
        self.assertEqual(diff.returncode, 1, diff.stderr)
        self.assertIn("+  backoffLimit: 3", diff.stdout)
        self.assertIn("configured", self.server.kubectl("apply", "-f", "-", input=json.dumps(manifest)))
        self.assertIn("unchanged", self.server.kubectl("apply", "-f", "-", input=json.dumps(manifest)))

    def test_deletes_all_jobs_of_a_namespace_and_then_the_namespace(self):
        kubectl = self.server.kubectl
        kubectl("create", "ns", "away")
        self.server.kubectl("apply", "-n", "away", "-f", "-", input=json.dumps(never_pulled("sleeper", ["sleep", "1000"])))
        wait_until(lambda: "Running" in kubectl("get", "pods", "-n", "away"), 20, "running")
        kubectl("delete", "job", "--all", "-n", "away")
        self.server.kubectl("apply", "-n", "away", "-f", "-", input=json.dumps(never_pulled("sleeper", ["sleep", "1000"])))
        kubectl("delete", "ns", "away", "--timeout=60s")
        self.assertIn("NotFound", self.server.run("get", "ns", "away").stderr)


def never_pulled(name, command):
    """A Job whose image is here already."""
    container = {"name": "c", "image": "busybox", "command": command}
    spec = {"template": {"spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "containers": [container]}}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec}


class OldKubectl(Kubectl, unittest.TestCase):
    version = 27


class NewKubectl(Kubectl, unittest.TestCase):
    version = 35


if __name__ == "__main__":
    unittest.main()
