"""What a command cannot do it says in one line, with exit code 2, and leaves nothing behind; a server in trouble refuses with a Status."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import unittest

from raw_api import RawApi
from stint_server import STINT, KeyValue, Server, instance_of, test_images, wait_until, why_no_containers

NOBODY = 65534


class Commands(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="stint-e2e-")
        os.chmod(self.dir, 0o755)
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def refused(self, says, *arguments, before=(), **options):
        """Runs a command that must not succeed; `before`: a program to run it by."""
        result = subprocess.run([*before, STINT, *arguments], capture_output=True, text=True, timeout=60, **options)
        self.assertEqual((result.returncode, result.stdout), (2, ""), result.stderr)
        lines = [line for line in result.stderr.splitlines() if " warning msg=" not in line]
        self.assertEqual(len(lines), 1, result.stderr)
        self.assertTrue(lines[0].startswith("stint: "), lines)
        self.assertIn(says, lines[0])
        self.assertFalse(os.path.exists(f"/run/stint/{instance_of(f'{self.dir}/data')}"))

    def serve_refused(self, says, *arguments, data_dir=None, runtime="fake", **options):
        directory = data_dir or f"{self.dir}/data"
        return self.refused(says, "serve", "--data-dir", directory, "--listen", "127.0.0.1:0", "--runtime", runtime, *arguments, **options)

    def mount(self, options):
        """A tmpfs of its own."""
        if reason := why_no_containers():
            self.skipTest(reason)
        path = f"{self.dir}/mounted"
        os.mkdir(path)
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], check=True)
        self.addCleanup(subprocess.run, ["umount", path], check=True)
        return path

    def test_help_of_every_command(self):
        for command in ("", "serve", "keyvalue", "image", "image import", "image pull", "image ls", "image rm", "version"):
            result = subprocess.run([STINT, *command.split(), "--help"], capture_output=True, text=True)
            self.assertEqual((result.returncode, result.stderr), (0, ""), command)
            self.assertIn("Usage:", result.stdout)

    def test_no_command(self): self.refused("subcommand is required")
    def test_unknown_command(self): self.refused("srve is no command", "srve")
    def test_unknown_option(self): self.refused("--port", "serve", "--port", "1")
    def test_superfluous_argument(self): self.refused("extra", "version", "extra")
    def test_bad_address(self): self.refused("ADDRESS:PORT", "serve", "--listen", "nonsense")
    def test_bad_port(self): self.refused("from 0 to 65535", "serve", "--listen", "127.0.0.1:70000")
    def test_host_name_as_address(self): self.refused("no IP address", "keyvalue", "--listen", "localhost:0")
    def test_unknown_store(self): self.refused("--store", "serve", "--store", "etcd")
    def test_unknown_runtime(self): self.refused("--runtime", "serve", "--runtime", "docker")
    def test_empty_data_directory(self): self.refused("must not be empty", "serve", "--data-dir", "")
    def test_address_of_another_machine(self): self.refused("listen on 192.0.2.1:0: Cannot assign requested address", "serve", "--listen", "192.0.2.1:0")

    def test_occupied_port(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            for command in ("serve", "keyvalue"):
                self.refused(f"listen on {address}: Address already in use", command, "--listen", address, "--data-dir", f"{self.dir}/data")
        self.assertFalse(os.path.exists(f"{self.dir}/data"), "nothing is made")

    def test_data_directory_in_use(self):
        server = Server(images=False, runtime="fake").start()
        self.addCleanup(server.close)
        self.serve_refused(f"{server.dir}/data is in use by another server", data_dir=f"{server.dir}/data")
        server.kubectl("get", "nodes")

    def test_data_directory_in_use_by_a_key_value_service(self):
        service = KeyValue(f"{self.dir}/keyvalue")
        self.addCleanup(service.close)
        self.refused(f"{self.dir}/keyvalue is in use by another server", "keyvalue", "--listen", "127.0.0.1:0", "--data-dir", f"{self.dir}/keyvalue")
        self.assertEqual(service.call("GET", "/api/KeyVal/GetAppKey")[0], 200)

    def test_data_directory_that_is_a_file(self):
        pathlib.Path(f"{self.dir}/file").touch()
        self.serve_refused("Not a directory", data_dir=f"{self.dir}/file")

    def test_read_only_disk(self):
        path = self.mount("ro")
        self.serve_refused("Read-only file system", data_dir=f"{path}/data")
        self.refused("Read-only file system", "keyvalue", "--listen", "127.0.0.1:0", "--data-dir", f"{path}/keyvalue")

    def test_full_disk(self): self.serve_refused("full", data_dir=self.mount("size=16k"))

    def test_kubeconfig_in_no_directory(self): self.serve_refused("No such file or directory", "--kubeconfig", f"{self.dir}/none/kubeconfig")
    def test_kubeconfig_that_is_a_directory(self): self.serve_refused("Is a directory", "--kubeconfig", self.dir)

    def test_failure_when_containers_could_run_already(self):
        if reason := why_no_containers():
            self.skipTest(reason)
        self.serve_refused("Is a directory", "--kubeconfig", self.dir, runtime="crun")

    @unittest.skipIf(os.geteuid() != 0, "only root can become somebody else")
    def test_without_root(self):
        self.serve_refused("needs root", runtime="crun", user=NOBODY, group=NOBODY, extra_groups=[])
        self.serve_refused("Permission denied", user=NOBODY, group=NOBODY, extra_groups=[])
        self.refused("as root", "image", "ls", "--data-dir", f"{self.dir}/data", user=NOBODY, group=NOBODY, extra_groups=[])
        self.assertFalse(os.path.exists(f"{self.dir}/data"))

    def test_a_missing_program(self):
        if reason := why_no_containers():
            self.skipTest(reason)
        for program in ("crun", "conmon"):
            # Hidden from this one process: in a mount namespace of its own something that cannot be run lies over it.
            hide = f'for p in /usr/bin /usr/local/bin /usr/sbin; do [ ! -e $p/{program} ] || mount --bind /dev/null $p/{program}; done; exec "$@"'
            self.serve_refused(f"{program} is not installed", runtime="crun", before=("unshare", "--mount", "sh", "-c", hide, "sh"))

    def test_an_image_that_is_none(self):
        data = ("--data-dir", f"{self.dir}/data")
        pathlib.Path(f"{self.dir}/garbage.tar").write_text("garbage")
        whole = (test_images() / "busybox.tar").read_bytes()
        pathlib.Path(f"{self.dir}/cut.tar").write_bytes(whole[: len(whole) // 2])
        self.refused("garbage.tar", "image", "import", *data, f"{self.dir}/garbage.tar")
        self.refused("cut.tar", "image", "import", *data, f"{self.dir}/cut.tar")
        self.refused("No such file or directory", "image", "import", *data, f"{self.dir}/missing.tar")
        self.refused("no such image: nothing", "image", "rm", *data, "nothing")
        self.refused("repository name must be lowercase", "image", "pull", *data, "Bad Name")
        self.refused("connect to 127.0.0.1", "image", "pull", *data, "127.0.0.1:1/nothing")
        listed = subprocess.run([STINT, "image", "ls", *data], capture_output=True, text=True, check=True).stdout
        self.assertEqual(len(listed.splitlines()), 1, "only the head: " + listed)
        left = [path for path in pathlib.Path(f"{self.dir}/data/images").rglob("*") if path.is_file()]
        self.assertEqual(left, [])


class KeyValues(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="stint-e2e-")
        cls.addClassCleanup(shutil.rmtree, cls.dir, ignore_errors=True)
        cls.service = KeyValue(f"{cls.dir}/keyvalue")
        cls.addClassCleanup(cls.service.close)
        cls.app = cls.service.call("GET", "/api/KeyVal/GetAppKey")[1][1:9]

    def refused(self, code, says, method, path):
        status, body = self.service.call(method, "/api/KeyVal/" + path)
        self.assertEqual(status, code, body)
        self.assertIn(says, json.loads(body)["error"])

    def test_unknown_application_key(self): self.refused(404, "00000000", "GET", "GetValue/00000000/a")
    def test_update_of_an_unknown_application(self): self.refused(404, "00000000", "POST", "UpdateValue/00000000/a/1")
    def test_wrong_method(self): self.refused(405, "POST", "GET", f"UpdateValue/{self.app}/a/1")
    def test_wrong_method_for_reading(self): self.refused(405, "GET", "POST", "GetAppKey")
    def test_unknown_call(self): self.refused(404, "no such call", "GET", "Nothing")
    def test_unknown_action(self): self.refused(400, "Double", "POST", f"ActOnValue/{self.app}/a/Double")
    def test_key_too_long(self): self.refused(413, "longer than 256 bytes", "POST", f"UpdateValue/{self.app}/{'k' * 2000}/1")
    def test_value_too_long(self): self.refused(413, "longer than 4096 bytes", "POST", f"UpdateValue/{self.app}/a/{'v' * 60_000}")

    def test_refusals_change_nothing(self):
        self.assertEqual(self.service.call("POST", f"/api/KeyVal/UpdateValue/{self.app}/kept%2Fhere/a%20b"), (200, "true"))
        self.refused(400, "Increment", "POST", f"ActOnValue/{self.app}/kept%2Fhere/Shrink")
        self.assertEqual(self.service.call("GET", f"/api/KeyVal/GetValue/{self.app}/kept%2Fhere"), (200, '"a b"'))


class Trouble(unittest.TestCase):
    def test_create_in_a_namespace_that_goes_away(self):
        server = Server(images=False, runtime="fake").start()
        self.addCleanup(server.close)
        api = api_of(server)
        server.kubectl("create", "ns", "going")
        held = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held", "finalizers": ["example.com/hold"]}}
        server.kubectl("create", "-n", "going", "-f", "-", input=json.dumps(held))
        server.kubectl("delete", "ns", "going", "--wait=false")
        status, answer = api.request("POST", "/api/v1/namespaces/going/configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "late"}})
        self.assertEqual((status, answer["reason"]), (403, "Forbidden"), answer)
        self.assertIn("because it is being terminated", answer["message"])
        self.assertEqual([cause["reason"] for cause in answer["details"]["causes"]], ["NamespaceTerminating"])
        server.kubectl("patch", "configmap", "held", "-n", "going", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
        server.kubectl("wait", "--for=delete", "ns/going", "--timeout=30s")

    def test_disk_that_fills_up_while_serving(self):
        if reason := why_no_containers():
            self.skipTest(reason)
        server = Server(images=False, runtime="fake")
        self.addCleanup(server.close)
        os.mkdir(f"{server.dir}/data")
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", f"{server.dir}/data"], check=True)
        self.addCleanup(subprocess.run, ["umount", f"{server.dir}/data"], check=True)
        ballast = pathlib.Path(f"{server.dir}/data/ballast")
        ballast.write_bytes(bytes(1 << 20))
        server.start()
        self.addCleanup(server.stop)
        kept = self.fill(api_of(server))
        self.assertGreater(kept, 0)
        self.assertEqual(self.kept(api_of(server)), kept, "what was acknowledged is readable")
        ballast.unlink()
        server.kill()
        server.start()
        self.assertEqual(self.kept(api_of(server)), kept, "and still there in the next life, alone")
        server.kubectl("create", "configmap", "after", "--from-literal=a=b")

    def fill(self, api):
        """Creates ConfigMaps until one is refused, and says how many were acknowledged."""
        for number in range(1000):
            body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"fill-{number}"}, "data": {"a": "x" * 100_000}}
            status, answer = api.request("POST", "/api/v1/namespaces/default/configmaps", body)
            if status != 201:
                self.assertEqual((status, answer["kind"], answer["reason"]), (500, "Status", "InternalError"), answer)
                self.assertIn("disk is full", answer["message"])
                return number
        self.fail("the disk never filled up")

    def kept(self, api):
        status, answer = api.request("GET", "/api/v1/namespaces/default/configmaps")
        self.assertEqual(status, 200, answer)
        return sum(item["metadata"]["name"].startswith("fill-") for item in answer["items"])

    def test_missing_image(self):
        server = Server().start()
        self.addCleanup(server.close)
        server.kubectl("create", "job", "missing", "--image=127.0.0.1:1/nothing:1")
        waiting = lambda: server.kubectl("get", "pods", "-o", "jsonpath={.items[*].status.containerStatuses[0].state.waiting}")
        wait_until(lambda: "ErrImagePull" in waiting() or "ImagePullBackOff" in waiting(), 30, "the pull fails")
        self.assertIn("127.0.0.1:1/nothing:1", wait_until(waiting, 10, "a message"))
        server.kubectl("create", "job", "beside", "--image=busybox", "--", "true")
        server.kubectl("wait", "--for=condition=complete", "job/beside", "--timeout=30s")


def api_of(server):
    return RawApi(json.loads(server.kubectl("config", "view", "--raw", "-o", "json")))


if __name__ == "__main__":
    unittest.main()
