"""Pods whose containers see each other's processes, or the machine's, with crun and with runc."""
import json
import os
import pathlib
import signal
import unittest

from stint_server import Server, wait_until


def container(name, script, **more):
    return {"name": name, "image": "busybox", "imagePullPolicy": "Never", "command": ["sh", "-c", script], **more}


class Processes:
    runtime = None

    @classmethod
    def setUpClass(cls):
        cls.server = Server(runtime=cls.runtime).start()
        cls.addClassCleanup(cls.server.close)

    def create(self, name, *containers, restart="Never", **spec):
        self.server.kubectl("apply", "-f", "-", input=json.dumps(
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
             "spec": {"restartPolicy": restart, "terminationGracePeriodSeconds": 1, "containers": list(containers), **spec}}))

    def status(self, name, container):
        return next((s for s in self.server.json("get", "pod", name)["status"].get("containerStatuses", []) if s["name"] == container), {})

    def exec(self, name, container, script):
        return self.server.kubectl("exec", name, "-c", container, "--", "sh", "-c", script)

    def signal(self, name, word):
        """A script that signals the process with this word in its command, and not itself."""
        return f"for p in /proc/[0-9]*; do p=${{p#/proc/}}; [ $p != $$ ] && grep -q '{word}' /proc/$p/cmdline && kill -{name} $p && exit; done; exit 1"

    def ready(self, name):
        self.server.kubectl("wait", "--for=condition=ready", f"pod/{name}", "--timeout=40s")

    def pids_of(self, word):
        found = []
        for pid in self.server.container_processes():
            try:
                words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended meanwhile
            if word in words:
                found.append(pid)
        return found

    def test_containers_see_and_signal_each_others_processes_alone(self):
        self.create("shared", container("a", "trap 'exit 7' USR1; while :; do sleep 0.1; done"), container("b", "sleep 1000"), shareProcessNamespace=True)
        self.create("apart", container("other", "sleep 2000"))
        self.ready("shared")
        self.ready("apart")
        seen = self.exec("shared", "b", "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline; echo; done")
        self.assertIn("/pause", seen)
        self.assertIn("exit 7", seen)
        self.assertNotIn("sleep 2000", seen)
        self.assertEqual(self.exec("shared", "b", "cat /proc/1/comm").strip(), "pause")
        looked = self.server.run("exec", "shared", "-c", "b", "--", "ls", "/proc/1/root/etc")
        self.assertNotEqual(looked.returncode, 0, looked.stdout)
        self.exec("shared", "b", self.signal("USR1", "exit 7"))
        ended = wait_until(lambda: self.status("shared", "a").get("state", {}).get("terminated"), 20, "an end")
        self.assertEqual(ended["exitCode"], 7)
        self.assertIn("running", self.status("shared", "b")["state"])

    def test_a_container_takes_all_its_own_processes_with_it_and_no_others(self):
        self.create("family", container("a", "sleep 3001 & exec sleep 3002"), container("b", "sleep 3003"), shareProcessNamespace=True)
        self.ready("family")
        (main,) = self.pids_of("sleep\0" "3002")
        os.kill(int(main), signal.SIGKILL)
        wait_until(lambda: self.status("family", "a")["state"].get("terminated"), 20, "an end")
        wait_until(lambda: not self.pids_of("sleep\0" "3001"), 20, "the end of the child")
        self.assertTrue(self.pids_of("sleep\0" "3003"))

    def test_it_is_the_same_namespace_for_the_next_server_and_the_next_attempt(self):
        self.create("kept", container("a", "trap 'exit 1' TERM; while :; do sleep 0.1; done"), container("b", "sleep 4000"),
                    shareProcessNamespace=True, restart="Always")
        self.ready("kept")
        before = self.exec("kept", "b", "readlink /proc/self/ns/pid")
        self.server.kill()
        self.server.start()
        self.exec("kept", "b", self.signal("TERM", "exit 1"))
        wait_until(lambda: self.status("kept", "a")["restartCount"] == 1 and self.status("kept", "a")["ready"], 40, "another attempt")
        self.assertEqual(self.exec("kept", "a", "readlink /proc/self/ns/pid"), before)

    def test_one_that_is_killed_from_outside_takes_the_containers_along_and_is_made_anew(self):
        self.create("hit", container("a", "sleep 5000"), shareProcessNamespace=True, restart="OnFailure")
        self.ready("hit")
        uid = self.server.json("get", "pod", "hit")["metadata"]["uid"]
        holder = next(pid for group in self.server.cgroups() for path in group.glob(f"**/pod{uid}/pause/cgroup.procs") for pid in path.read_text().split())
        os.kill(int(holder), signal.SIGKILL)
        wait_until(lambda: self.status("hit", "a")["restartCount"] >= 1 and self.status("hit", "a")["ready"], 40, "another attempt")
        self.assertEqual(self.exec("hit", "a", "cat /proc/1/comm").strip(), "pause")

    def test_with_the_machines_processes_and_queues(self):
        mark = f"host{os.getpid()}"
        queue = pathlib.Path("/dev/shm") / mark
        queue.write_text("there")
        self.addCleanup(queue.unlink)
        self.create("host", container("a", f"cat /proc/{os.getpid()}/comm; cat /dev/shm/{mark}; readlink /proc/self/ns/ipc; sleep 6001 & sleep 6000"), hostPID=True, hostIPC=True)
        self.ready("host")
        wait_until(lambda: len(self.server.kubectl("logs", "host").splitlines()) == 2, 40, "what it sees")
        first, second = self.server.kubectl("logs", "host").splitlines()
        self.assertEqual(first, pathlib.Path("/proc/self/comm").read_text().strip())
        self.assertEqual(second, "there" + os.readlink("/proc/self/ns/ipc"))
        self.server.kubectl("delete", "pod", "host", "--timeout=30s")
        self.assertEqual(self.pids_of("sleep\0" "6001"), [])


class Crun(Processes, unittest.TestCase):
    runtime = "crun"


class Runc(Processes, unittest.TestCase):
    runtime = "runc"


if __name__ == "__main__":
    unittest.main()
