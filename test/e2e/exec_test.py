"""kubectl exec and cp: a command in a running container, its streams, its exit code, a terminal."""
import json
import os
import pathlib
import pty
import subprocess
import unittest

from stint_server import Server, wait_until

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "long"},
       "spec": {"securityContext": {"runAsUser": 1000},
                "containers": [{"name": "main", "image": "busybox", "imagePullPolicy": "Never", "command": ["sleep", "600"],
                                "env": [{"name": "GREETING", "value": "hello"}]}]}}


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

    def test_files_are_copied_both_ways(self):
        here = pathlib.Path(self.server.dir) / "here"
        here.write_bytes(os.urandom(300_000))
        self.server.kubectl("cp", str(here), "long:/tmp/there")
        self.server.kubectl("cp", "long:/tmp/there", f"{here}.back")
        self.assertEqual(pathlib.Path(f"{here}.back").read_bytes(), here.read_bytes())

    def test_a_terminal(self):
        ours, theirs = pty.openpty()
        environment = dict(os.environ, KUBECONFIG=self.server.kubeconfig, HOME=f"{self.server.dir}/home")
        typed = subprocess.Popen([self.server.kubectl_binary, "exec", "-it", "long", "--", "sh"], stdin=theirs, stdout=theirs, stderr=theirs,
                                 env=environment, start_new_session=True)
        os.close(theirs)
        os.write(ours, b"tty; exit 4\n")
        seen = b""
        wait_until(lambda: typed.poll() is not None, 30, "the shell's end")
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:
                break
            if not piece:
                break
            seen += piece
        os.close(ours)
        self.assertIn(b"/dev/pts/", seen)
        self.assertEqual(typed.returncode, 4)

    def test_what_cannot_be_run_is_told(self):
        self.assertNotEqual(self.server.run("exec", "long", "--", "no-such-program").returncode, 0)
        absent = self.server.run("exec", "long", "-c", "other", "--", "true")
        self.assertIn("container other is not valid for pod long", absent.stderr)
        self.assertIn('pods "nobody" not found', self.server.run("exec", "nobody", "--", "true").stderr)


if __name__ == "__main__":
    unittest.main()
