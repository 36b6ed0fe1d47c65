"""kubectl attach, run -it and port-forward, over WebSockets and over SPDY, which is all that kubectl up to 1.29 speaks; and logs that are
rotated."""
import contextlib
import json
import os
import pathlib
import re
import socket
import subprocess
import unittest
import unittest.mock
import urllib.request

from stint_server import Server, wait_until
from terminal import at_terminal

WEBSOCKETS = {}
SPDY = {"KUBECTL_REMOTE_COMMAND_WEBSOCKETS": "false", "KUBECTL_PORT_FORWARD_WEBSOCKETS": "false"}


def speaking(protocols):
    return unittest.mock.patch.dict(os.environ, protocols)


def pod(name, script, **more):
    container = {"name": "main", "image": "busybox", "imagePullPolicy": "Never", "command": ["sh", "-c", script], **more}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "containers": [container]}}


class Attach(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.server.arguments = ["--container-log-max-size", "1Mi", "--container-log-max-files", "3", "--audit-log", f"{cls.server.dir}/audit"]
        cls.server.start()
        cls.addClassCleanup(cls.server.close)

    def run_pod(self, name, script, **more):
        self.server.kubectl("apply", "-f", "-", input=json.dumps(pod(name, script, **more)))
        self.server.kubectl("wait", "--for=condition=ready", f"pod/{name}", "--timeout=30s")

    def test_the_input_of_a_container_is_for_one_session(self):
        self.run_pod("once", "wc -c; echo done >&2", stdin=True, stdinOnce=True)
        much = "m" * 300_000
        done = self.server.run("attach", "-i", "once", input=much)
        self.assertEqual((done.returncode, done.stdout), (0, f"{len(much)}\n"))
        self.assertIn("done\n", done.stderr)
        self.assertEqual(self.server.kubectl("logs", "once"), f"{len(much)}\ndone\n")

    @speaking(SPDY)
    def test_attach_exec_and_cp_over_spdy(self):
        self.run_pod("old", "cat", stdin=True)
        done = self.server.run("exec", "old", "-i", "--", "sh", "-c", "cat; echo oops >&2; exit 3", input="to and fro\n")
        self.assertEqual((done.returncode, done.stdout), (3, "to and fro\n"))
        self.assertIn("oops\n", done.stderr)
        attached = self.server.spawn("attach", "-i", "old", stdin=subprocess.PIPE)
        attached.stdin.write("hello\n")
        attached.stdin.flush()
        self.assertIn("hello\n", attached.stdout)  # reads until it comes
        here = pathlib.Path(self.server.dir) / "small"
        here.write_text("a file")
        self.server.kubectl("cp", str(here), "old:/tmp/there")
        self.server.kubectl("cp", "old:/tmp/there", f"{here}.back")
        self.assertEqual(pathlib.Path(f"{here}.back").read_text(), "a file")
        code, seen = at_terminal(self.server, "exec", "-it", "old", "--", "sh", typed=b"tty; exit 4\n")
        self.assertEqual(code, 4)
        self.assertIn("/dev/pts/", seen)
        self.server.kubectl("delete", "pod", "old")  # while somebody is attached
        attached.communicate(timeout=30)
        requests = map(json.loads, pathlib.Path(f"{self.server.dir}/audit").read_text().splitlines())
        methods = {(line["verb"], line["objectRef"]["subresource"]) for line in requests
                   if line["requestURI"].startswith("/api/v1/namespaces/default/pods/old/") and line["objectRef"].get("subresource") != "status"}
        self.assertEqual(methods, {("create", "exec"), ("create", "attach")})  # a WebSocket is a GET

    def test_run_at_a_terminal(self):
        for protocols in (WEBSOCKETS, SPDY):
            with speaking(protocols):
                code, seen = at_terminal(self.server, "run", "-it", "--rm", "shell", "--image=busybox", "--image-pull-policy=Never",
                                         "--restart=Never", "--", "sh", "-c", "read name; echo hello $name",
                                         after=b"try pressing enter", typed=b"you\n")
            self.assertIn("hello you", seen)
            self.assertEqual(code, 0, seen)
            self.assertIn('pod "shell" deleted', seen)

    @contextlib.contextmanager
    def forwarded(self, *arguments):
        process = self.server.spawn("port-forward", *arguments)
        line = process.stdout.readline()
        found = re.search(r"Forwarding from 127.0.0.1:(\d+)", line)
        self.assertTrue(found, line)
        yield int(found.group(1)), process
        process.kill()
        process.communicate()

    def test_port_forward(self):
        self.run_pod("web", "mkdir /tmp/w; head -c 3000000 /dev/urandom >/tmp/w/big; echo page >/tmp/w/page; httpd -f -p 127.0.0.1:8080 -h /tmp/w")
        for protocols in (WEBSOCKETS, SPDY):
            with speaking(protocols), self.forwarded("pod/web", ":8080") as (port, _):
                page = lambda name: urllib.request.urlopen(f"http://127.0.0.1:{port}/{name}", timeout=30).read()
                wait_until(lambda: self.server.run("exec", "web", "--", "wget", "-qO-", "http://127.0.0.1:8080/page").stdout, 30, "a page")
                with socket.create_connection(("127.0.0.1", port)):  # says nothing, and holds nobody up
                    self.assertEqual(page("page"), b"page\n")
                    self.assertEqual(len(page("big")), 3_000_000)
                self.assertEqual(page("page"), b"page\n")

    def test_a_port_that_nobody_listens_on(self):
        self.run_pod("deaf", "sleep 600")
        with self.forwarded("pod/deaf", ":9") as (port, process):
            with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
                self.assertEqual(connection.recv(1), b"")
            wait_until(lambda: "failed to connect to localhost:9 inside the pod" in process.stdout.readline(), 30, "the reason")

    def test_logs_of_several_containers(self):
        two = pod("two", "echo from the first")
        two["spec"]["containers"].append(dict(two["spec"]["containers"][0], name="second", command=["echo", "from the second"]))
        self.server.kubectl("apply", "-f", "-", input=json.dumps(two))
        self.server.kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/two", "--timeout=30s")
        self.assertCountEqual(self.server.kubectl("logs", "two", "--all-containers", "--prefix").splitlines(),
                              ["[pod/two/main] from the first", "[pod/two/second] from the second"])

    def test_a_log_that_is_rotated_is_followed_without_a_gap(self):
        self.run_pod("chatty", "i=0; while [ $i -lt 40000 ]; do echo $i a line of some length, so that they fill a file; i=$((i+1)); done; sleep 12; echo end")
        lines = [line.split(" ", 1)[0] for line in self.server.kubectl("logs", "-f", "chatty").splitlines()]
        self.assertEqual(lines, [*map(str, range(40000)), "end"])
        names = sorted(file.name for file in pathlib.Path(f"{self.server.dir}/data/logs").glob("default_chatty_*/main/*"))
        self.assertEqual(names[0], "0.log")
        self.assertRegex(names[1], r"^0\.log\.\d{8}-\d{6}$")
        self.assertEqual(self.server.kubectl("logs", "chatty"), "end\n")


if __name__ == "__main__":
    unittest.main()
