"""kubectl exec and cp: a command in a running container, its streams, its exit code, a terminal; and whom it finds by name."""
import json
import os
import pathlib
import unittest

from stint_server import Server, wait_until
from terminal import at_terminal

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "long"},
       "spec": {"securityContext": {"runAsUser": 1000},
                "containers": [{"name": "main", "image": "busybox", "imagePullPolicy": "Never", "command": ["sleep", "600"],
                                "env": [{"name": "GREETING", "value": "hello"}]}]}}

# Each serves a page, reads the other's, and stays until the other has read its own.
WORKER = """set -e
mkdir -p /tmp/pages && cd /tmp/pages
echo "worker $JOB_COMPLETION_INDEX" >index.html
httpd -p 7000 -h .
peer=http://ring-$((1 - JOB_COMPLETION_INDEX)).workers:7000
until curl -sf --max-time 5 $peer/; do sleep 0.1; done
touch done
while ! curl -sf --max-time 5 $peer/done && curl -sf --max-time 5 $peer/ >/dev/null; do sleep 0.1; done
hostname -f
"""
WORKERS = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "workers"},
           "spec": {"clusterIP": "None", "selector": {"job-name": "ring"}}}
RING = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "ring"},
        "spec": {"completionMode": "Indexed", "completions": 2, "parallelism": 2, "backoffLimit": 0, "activeDeadlineSeconds": 60,
                 "template": {"spec": {"restartPolicy": "Never", "subdomain": "workers", "terminationGracePeriodSeconds": 1,
                                       "containers": [{"name": "main", "image": "bash", "imagePullPolicy": "Never",
                                                       "command": ["bash", "-c", WORKER]}]}}}}


class Exec(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server().start()
        cls.addClassCleanup(cls.server.close)
        cls.server.kubectl("apply", "-f", "-", input=json.dumps(POD))
        cls.server.kubectl("wait", "--for=condition=ready", "pod/long", "--timeout=30s")

    def test_its_streams_and_its_exit_code(self):
        done = self.server.run("exec", "long", "--", "sh", "-c", "echo $GREETING; id -u; echo oops >&2; exit 3")
        self.assertEqual(done.stdout, "hello\n1000\n")
        self.assertEqual(done.stderr, "oops\ncommand terminated with exit code 3\n")
        self.assertEqual(done.returncode, 3)

    def test_its_input(self):
        much = "m" * 70000 + "\n"
        self.assertEqual(self.server.kubectl("exec", "-i", "long", "--", "cat", input=much * 20), much * 20)

    def test_workers_of_an_indexed_job_find_each_other(self):
        kubectl = self.server.kubectl
        kubectl("apply", "-f", "-", input=json.dumps(WORKERS))
        kubectl("apply", "-f", "-", input=json.dumps(RING))
        wait_until(lambda: kubectl("get", "job", "ring", "-o", "jsonpath={.status.conditions[*].type}"), 70, "an end")
        for index in (0, 1):
            log = kubectl("logs", "-l", f"job-name=ring,batch.kubernetes.io/job-completion-index={index}")
            self.assertEqual(log, f"worker {1 - index}\nring-{index}.workers.default.svc.cluster.local\n")

    def test_names_of_services_and_of_the_host(self):
        kubectl = self.server.kubectl
        file = kubectl("exec", "long", "--", "cat", "/etc/resolv.conf").splitlines()
        self.assertTrue(file[0].startswith("search default.svc.cluster.local svc.cluster.local cluster.local"),
                        f"{file}\n{self.server.log_text()}")
        server = file[1].removeprefix("nameserver ")
        self.assertEqual(file[2], "options ndots:5")
        api = kubectl("get", "service", "kubernetes", "-o", "jsonpath={.spec.clusterIP}")
        look_up = lambda name: self.server.run("exec", "long", "--", "nslookup", "-type=a", name).stdout
        self.assertIn(f"Address: {api}\n", look_up("kubernetes.default.svc.cluster.local"))
        self.assertIn(f"Address: {server}\n", look_up("host.stint.internal"))
        self.assertIn("NXDOMAIN", look_up("nobody.default.svc.cluster.local"))

    def test_files_are_copied_both_ways(self):
        here = pathlib.Path(self.server.dir) / "here"
        here.write_bytes(os.urandom(300_000))
        self.server.kubectl("cp", str(here), "long:/tmp/there")
        self.server.kubectl("cp", "long:/tmp/there", f"{here}.back")
        self.assertEqual(pathlib.Path(f"{here}.back").read_bytes(), here.read_bytes())

    def test_a_terminal(self):
        code, seen = at_terminal(self.server, "exec", "-it", "long", "--", "sh", typed=b"tty; exit 4\n")
        self.assertIn("/dev/pts/", seen)
        self.assertEqual(code, 4)

    def test_what_cannot_be_run_is_told(self):
        self.assertNotEqual(self.server.run("exec", "long", "--", "no-such-program").returncode, 0)
        absent = self.server.run("exec", "long", "-c", "other", "--", "true")
        self.assertIn("container other is not valid for pod long", absent.stderr)
        self.assertIn('pods "nobody" not found', self.server.run("exec", "nobody", "--", "true").stderr)


if __name__ == "__main__":
    unittest.main()
