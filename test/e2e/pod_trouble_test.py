"""What goes wrong with real containers ends in the reason that upstream shows, and leaves nothing behind."""
import json
import os
import pathlib
import shutil
import subprocess
import unittest

from local_registry import LocalRegistry
from stint_server import Server, test_images, wait_until


def pod(name, command, container=None, **spec):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1,
                     "containers": [{"name": "main", "image": "busybox", "imagePullPolicy": "Never", "command": command} | (container or {})], **spec}}


class WithPods(unittest.TestCase):
    def apply(self, *pods):
        self.server.kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": pods}))

    def status(self, name):
        return self.server.json("get", "pod", name)["status"]

    def state(self, name, kind):
        """What the container's state says of `kind`, once it is there."""
        return wait_until(lambda: (self.status(name).get("containerStatuses") or [{"state": {}}])[0]["state"].get(kind), 30, f"{name} is {kind}")

    def waiting(self, name, reason):
        return wait_until(lambda: (found := self.state(name, "waiting"))["reason"] == reason and found, 30, f"{name} waits for {reason}")

    def ended(self, name):
        end = self.state(name, "terminated")
        return end["reason"], end["exitCode"]

    def events(self, name):
        return [(e["reason"], e["message"]) for e in self.server.json("get", "events")["items"] if e["involvedObject"]["name"] == name]

    def bundle(self, name):
        wait_until(lambda: self.status(name)["phase"] == "Running", 30, f"{name} runs")
        return pathlib.Path(f"/run/stint/{self.server.instance()}/containers/{self.server.json('get', 'pod', name)['metadata']['uid']}_main_0")

    def mount(self, path, options):
        os.makedirs(path, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], check=True)
        self.addCleanup(subprocess.run, ["umount", path], check=True)


class Containers(WithPods):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(arguments=["--pod-max-pids", "100"]).start()
        cls.addClassCleanup(cls.server.close)

    def test_a_user_that_the_image_does_not_know_is_no_container(self):
        image = LocalRegistry(test_images() / "busybox.tar", user="nobodys")
        self.addCleanup(image.close)
        self.apply(pod("stranger", ["true"], {"image": image.image, "imagePullPolicy": "IfNotPresent"}))
        self.assertIn("nobodys", self.waiting("stranger", "CreateContainerError")["message"])

    def test_a_command_that_is_not_there(self):
        self.apply(pod("never", ["/no/such"]), pod("again", ["no-such"], restartPolicy="OnFailure"))
        self.assertEqual(self.ended("never"), ("StartError", 128))
        self.assertIn("StartError", self.server.kubectl("get", "pod", "never"))
        self.waiting("again", "CrashLoopBackOff")
        last = self.status("again")["containerStatuses"][0]["lastState"]["terminated"]
        self.assertEqual((last["reason"], last["exitCode"]), ("StartError", 128))

    def test_a_program_of_another_architecture(self):
        work = f"{self.server.dir}/alien"
        os.mkdir(work)
        header = b"\x7fELF\x02\x01\x01" + bytes(9) + (2).to_bytes(2, "little") + (183).to_bytes(2, "little")  # AArch64
        pathlib.Path(f"{work}/program").write_bytes(header + bytes(100))
        os.chmod(f"{work}/program", 0o755)
        self.apply(pod("alien", ["/alien/program"], {"volumeMounts": [{"name": "v", "mountPath": "/alien"}]},
                       volumes=[{"name": "v", "hostPath": {"path": work}}]))
        self.assertEqual(self.ended("alien"), ("Error", 1))
        self.assertIn("Exec format error", self.server.kubectl("logs", "alien"))

    def test_a_directory_that_cannot_be_made_on_a_read_only_disk(self):
        disk = f"{self.server.dir}/read-only"
        self.mount(disk, "ro")
        mounts = {"volumeMounts": [{"name": "v", "mountPath": "/v"}]}
        self.apply(pod("made", ["true"], mounts, volumes=[{"name": "v", "hostPath": {"path": f"{disk}/new"}}]),
                   pod("typed", ["true"], mounts, volumes=[{"name": "v", "hostPath": {"path": f"{disk}/new", "type": "DirectoryOrCreate"}}]),
                   pod("written", ["touch", "/v/file"], mounts, volumes=[{"name": "v", "hostPath": {"path": disk}}]))
        self.assertIn("Read-only file system", self.waiting("made", "CreateContainerError")["message"])
        wait_until(lambda: any(reason == "FailedMount" and "Read-only file system" in text for reason, text in self.events("typed")), 30, "FailedMount")
        self.assertEqual(self.state("typed", "waiting")["reason"], "ContainerCreating")
        self.assertEqual(self.ended("written"), ("Error", 1))
        self.server.kubectl("delete", "pod", "made", "typed", "written")  # before the disk is taken away

    def test_a_host_path_of_no_type_is_made(self):
        path = f"{self.server.dir}/new/directory"
        self.apply(pod("maker", ["touch", "/v/file"], {"volumeMounts": [{"name": "v", "mountPath": "/v"}]}, volumes=[{"name": "v", "hostPath": {"path": path}}]))
        self.assertEqual(self.ended("maker"), ("Completed", 0))
        self.assertTrue(os.path.exists(f"{path}/file"))

    def test_a_container_that_forks_for_ever_is_held_to_its_pods_limit(self):
        self.apply(pod("forks", ["sh", "-c", "f() { f | f & }; f 2>/dev/null; sleep 600"]))
        self.bundle("forks")
        self.apply(pod("beside", ["true"]))
        self.assertEqual(self.ended("beside"), ("Completed", 0))
        self.assertLess(len(self.server.container_processes()), 200)
        self.server.kubectl("delete", "pod", "forks", "--timeout=30s")

    def test_a_container_that_ignores_sigterm_is_killed_after_its_grace_period(self):
        self.apply(pod("deaf", ["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"]) | {
            "metadata": {"name": "deaf", "finalizers": ["example.com/seen"]}})
        self.bundle("deaf")
        self.server.kubectl("delete", "pod", "deaf", "--wait=false")
        self.assertEqual(self.ended("deaf"), ("Error", 137))
        wait_until(lambda: self.status("deaf")["phase"] == "Failed", 10, "the pod has failed")
        self.server.kubectl("patch", "pod", "deaf", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')

    def test_a_container_that_fills_its_log_at_full_speed_holds_up_nobody(self):
        self.apply(pod("loud", ["yes"]))
        log = pathlib.Path(f"{self.server.dir}/data/logs/default_loud_{self.server.json('get', 'pod', 'loud')['metadata']['uid']}/main")
        wait_until(lambda: sum(f.stat().st_size for f in log.glob("*") if f.exists()) > 20 << 20, 60, "20 MiB of log")
        self.apply(pod("quiet", ["true"]))
        self.assertEqual(self.ended("quiet"), ("Completed", 0))
        self.server.kubectl("delete", "pod", "loud", "--timeout=30s")
        wait_until(lambda: not log.exists(), 10, "its log goes with it")

    def test_containers_that_exit_within_a_millisecond_are_told_each_with_its_code(self):
        codes = {f"short-{n}": n % 3 for n in range(12)}
        self.apply(*(pod(name, ["sh", "-c", f"exit {code}"]) for name, code in codes.items()))
        self.assertEqual({name: self.ended(name) for name in codes}, {name: ("Error" if code else "Completed", code) for name, code in codes.items()})

    def test_a_container_that_is_killed_from_outside(self):
        self.apply(pod("victim", ["sleep", "600"]))
        os.kill(int((self.bundle("victim") / "pid").read_text()), 9)
        self.assertEqual(self.ended("victim"), ("Error", 137))
        self.assertEqual(self.status("victim")["phase"], "Failed")

    def test_a_container_whose_conmon_is_killed_is_lost_and_goes(self):
        self.apply(pod("orphan", ["sleep", "600"]))
        bundle = self.bundle("orphan")
        process = int((bundle / "pid").read_text())
        os.kill(int((bundle / "conmon.pid").read_text()), 9)
        self.assertEqual(self.ended("orphan"), ("ContainerStatusUnknown", 137))
        wait_until(lambda: not os.path.exists(f"/proc/{process}"), 10, "what nobody watches over is killed")


class Runtimes(WithPods):
    def test_a_crun_that_is_killed_is_a_container_that_did_not_start(self):
        server = self.server = Server()
        self.addCleanup(server.close)
        for verb in ("create", "start"):
            pathlib.Path(f"{server.dir}/kill-{verb}").touch()
        real = f"{server.dir}/crun-itself"
        shutil.copy(shutil.which("crun"), real)
        wrapper = pathlib.Path(f"{server.dir}/crun")
        wrapper.write_text(f'#!/bin/sh\nfor word; do [ ! -e {server.dir}/kill-$word ] || {{ rm {server.dir}/kill-$word; kill -9 $$; }}; done\nexec {real} "$@"\n')
        wrapper.chmod(0o755)
        command = server.command
        hide = f'mount --bind {wrapper} {shutil.which("crun")} && exec "$@"'
        server.command = lambda: ["unshare", "--mount", "sh", "-c", hide, "sh", *command()]
        server.start()
        for name in ("one", "two"):
            self.apply(pod(name, ["sleep", "600"]))
            self.assertEqual(self.ended(name), ("StartError", 128))
        self.assertEqual(list(pathlib.Path(server.dir).glob("kill-*")), [])
        self.apply(pod("three", ["true"]))
        self.assertEqual(self.ended("three"), ("Completed", 0))
        wait_until(lambda: not server.container_processes(), 10, "nothing runs")


class Disks(WithPods):
    def test_a_disk_that_is_full_while_an_image_is_unpacked(self):
        server = self.server = Server(images=False)
        self.addCleanup(server.close)
        self.mount(f"{server.dir}/data/images", "size=1m")
        server.start()
        self.addCleanup(server.stop)
        registry = LocalRegistry(test_images() / "busybox.tar")
        self.addCleanup(registry.close)
        self.apply(pod("large", ["true"], {"image": registry.image, "imagePullPolicy": "IfNotPresent"}))
        wait_until(lambda: "No space left on device" in self.state("large", "waiting").get("message", ""), 30, "it says so")
        self.assertIn(self.state("large", "waiting")["reason"], ("ErrImagePull", "ImagePullBackOff"))
        subprocess.run(["mount", "-o", "remount,size=64m", f"{server.dir}/data/images"], check=True)
        self.assertEqual(self.ended("large"), ("Completed", 0))
        self.assertEqual(os.listdir(f"{server.dir}/data/images/tmp"), [])
        server.kubectl("delete", "pod", "large")
        server.stop()

    def test_a_disk_that_is_full_while_a_container_logs(self):
        server = self.server = Server()
        self.addCleanup(server.close)
        self.mount(f"{server.dir}/data/logs", "size=256k")
        server.start()
        self.addCleanup(server.stop)
        self.apply(pod("talks", ["sh", "-c", "yes | head -c 1000000; exit 3"]))
        self.assertEqual(self.ended("talks"), ("Error", 3))
        self.assertTrue(server.kubectl("logs", "talks").startswith("y\ny\n"))
        server.kubectl("delete", "pod", "talks")
        server.stop()


if __name__ == "__main__":
    unittest.main()
