"""Private registries: Debian's docker-registry on loopback, which wants a name and a password, and pods with and without them."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from stint_server import Server, test_images, wait_until

# "letmein", as htpasswd writes it.
HTPASSWD = "me:$2b$04$yfHjhcFNu6DuGg7dfHHqkuyzrozdIX94lV3CRrW2tqseDFwySjOWK\n"


class Registry:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="stint-e2e-registry-")
        pathlib.Path(f"{self.dir}/htpasswd").write_text(HTPASSWD)
        pathlib.Path(f"{self.dir}/config.yml").write_text(
            "version: 0.1\nlog: {level: info, accesslog: {disabled: true}}\n"
            f"storage: {{filesystem: {{rootdirectory: {self.dir}/blobs}}}}\n"
            f"http: {{addr: '127.0.0.1:0'}}\nauth: {{htpasswd: {{realm: lab, path: {self.dir}/htpasswd}}}}\n")
        self.process = subprocess.Popen(["docker-registry", "serve", f"{self.dir}/config.yml"], stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if match := re.search(r"listening on (127\.0\.0\.1:\d+)", line):
                self.address = match.group(1)
                return
        raise AssertionError("docker-registry did not start")

    def push(self, archive, name):
        environment = dict(os.environ, HOME=self.dir, TMPDIR=self.dir)
        subprocess.run(["skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false", "--dest-creds", "me:letmein",
                        f"docker-archive:{archive}", f"docker://{self.address}/{name}"], check=True, env=environment)
        return f"{self.address}/{name}"

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()
        shutil.rmtree(self.dir, ignore_errors=True)


@unittest.skipUnless(shutil.which("docker-registry") and shutil.which("skopeo"), "docker-registry or skopeo is not installed: run ./dev setup")
class PrivateRegistry(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.registry = Registry()
        cls.addClassCleanup(cls.registry.close)
        cls.image = cls.registry.push(test_images() / "busybox.tar", "team/busybox:v1")
        cls.server = Server(images=False).start()
        cls.addClassCleanup(cls.server.close)

    def run_pod(self, name, **spec):
        manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
                    "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": self.image, "command": ["echo", "it runs"]}], **spec}}
        self.server.kubectl("apply", "-f", "-", input=json.dumps(manifest))

    def waiting(self, name):
        statuses = self.server.json("get", "pod", name)["status"].get("containerStatuses", [{}])
        return statuses[0].get("state", {}).get("waiting", {})

    def test_a_pod_runs_by_its_secret_or_its_accounts_and_without_either_says_that_access_is_denied(self):
        self.run_pod("without")
        wait_until(lambda: self.waiting("without").get("reason") == "ImagePullBackOff", 30, "the back-off")
        self.assertIn("pull access denied, repository does not exist or may require authorization", self.waiting("without")["message"])
        self.server.kubectl("create", "secret", "docker-registry", "pull", f"--docker-server={self.registry.address}", "--docker-username=me",
                            "--docker-password=letmein")
        self.run_pod("by-secret", imagePullSecrets=[{"name": "pull"}])
        self.server.kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/by-secret", "--timeout=60s")
        self.assertEqual(self.server.kubectl("logs", "by-secret"), "it runs\n")

        # The image is here now; who has not got the Secret has to ask the registry all the same.
        self.run_pod("still-without")
        wait_until(lambda: self.waiting("still-without").get("reason") == "ImagePullBackOff", 30, "the back-off")

        self.server.kubectl("create", "serviceaccount", "puller")
        self.server.kubectl("patch", "serviceaccount", "puller", "-p", '{"imagePullSecrets":[{"name":"pull"}]}')
        self.run_pod("by-account", serviceAccountName="puller")
        self.server.kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/by-account", "--timeout=60s")
        events = {event["message"] for event in self.server.json("get", "events")["items"] if event["involvedObject"]["name"] == "by-account"}
        self.assertIn(f'Container image "{self.image}" already present on machine and can be accessed by the pod', events)

    def test_a_file_about_registries_that_is_wrong_names_the_field(self):
        bad = pathlib.Path(f"{self.registry.dir}/bad.yaml")
        bad.write_text("registries: [{host: a.example.com, mirror: x}]\n")
        server = Server(images=False, runtime="crun", arguments=("--registries", str(bad)))
        self.addCleanup(server.close)
        result = subprocess.run(server.command(), capture_output=True, text=True, timeout=60)
        self.assertEqual((result.returncode, result.stderr), (2, f"stint: {bad}: registries[0].mirror: unknown field\n"))


if __name__ == "__main__":
    unittest.main()
