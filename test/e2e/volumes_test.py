"""What containers see of their volumes and are told by them: parts, links that lead out, propagation, read-only to the bottom, limits, names."""
import json
import os
import subprocess
import unittest

from stint_server import Server, wait_until

IMAGE = {"image": "busybox", "imagePullPolicy": "Never"}


def pod(name, volumes, containers, **spec):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "volumes": volumes,
                     "containers": [{**IMAGE, **container} for container in containers], **spec}}


def sleeper(**more):
    return {"name": "main", "command": ["sleep", "600"], **more}


class Volumes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server().start()
        cls.addClassCleanup(cls.server.close)

    def apply(self, manifest, until):
        self.server.kubectl("apply", "-f", "-", input=json.dumps(manifest))
        self.server.kubectl("wait", f"--for={until}", f"pod/{manifest['metadata']['name']}", "--timeout=60s")

    def shell(self, name, script):
        return self.server.run("exec", name, "--", "sh", "-c", script)

    def mount(self, path):
        os.makedirs(path, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", path], check=True)
        self.addCleanup(subprocess.run, ["umount", "-R", path], check=False)

    def test_a_link_in_a_volume_leads_no_sub_path_out_of_it(self):
        volumes = [{"name": "v", "emptyDir": {}}]
        link = {**IMAGE, "name": "link", "command": ["ln", "-s", "/etc", "/v/out"], "volumeMounts": [{"name": "v", "mountPath": "/v"}]}
        escape = sleeper(volumeMounts=[{"name": "v", "mountPath": "/host", "subPath": "out"}])
        self.server.kubectl("apply", "-f", "-", input=json.dumps(pod("escape", volumes, [escape], initContainers=[link])))

        def waiting():
            statuses = self.server.json("get", "pod", "escape")["status"].get("containerStatuses", [{}])
            return statuses[0].get("state", {}).get("waiting", {})
        wait_until(lambda: waiting().get("reason") == "CreateContainerConfigError", 30, "the refusal")
        self.assertIn('failed to prepare subPath for volumeMount "v" of container "main"', waiting()["message"])

    def test_the_content_of_an_image_is_a_volume(self):
        volumes = [{"name": "image", "image": {"reference": "bash", "pullPolicy": "IfNotPresent"}}]
        mounts = [{"name": "image", "mountPath": "/image"}, {"name": "image", "mountPath": "/part", "subPath": "usr/local/bin"}]
        self.apply(pod("image-volume", volumes, [sleeper(volumeMounts=mounts)]), "condition=ready")
        self.assertEqual(self.shell("image-volume", "/image/usr/local/bin/bash -c 'echo whole'; /part/bash -c 'echo part'").stdout, "whole\npart\n")
        self.assertIn("Read-only file system", self.shell("image-volume", "touch /image/new").stderr)
        self.server.kubectl("apply", "-f", "-", input=json.dumps(
            pod("no-image", [{"name": "image", "image": {"reference": "127.0.0.1:1/none:v1"}}], [sleeper(volumeMounts=mounts[:1])])))

        def waiting():
            statuses = self.server.json("get", "pod", "no-image")["status"].get("containerStatuses", [{}])
            return statuses[0].get("state", {}).get("waiting", {})
        wait_until(lambda: waiting().get("reason") == "ImagePullBackOff", 30, "the back-off")
        self.assertIn('Back-off pulling image "127.0.0.1:1/none:v1": ErrImagePull: failed to resolve reference', waiting()["message"])

    def test_a_container_reads_variables_and_a_part_of_what_one_before_it_wrote(self):
        volumes = [{"name": "v", "emptyDir": {}}]
        write = {**IMAGE, "name": "write", "volumeMounts": [{"name": "v", "mountPath": "/v"}],
                 "command": ["sh", "-c", "mkdir /v/sub; echo part >/v/sub/file; echo \"GREETING='hello you'\" >/v/vars"]}
        read = {"name": "main", "command": ["sh", "-c", "echo $G; cat /part/file; ls -A /made; stat -c %g:%a /part; hostname"],
                "env": [{"name": "G", "valueFrom": {"fileKeyRef": {"volumeName": "v", "path": "vars", "key": "GREETING"}}}],
                "volumeMounts": [{"name": "v", "mountPath": "/part", "subPath": "sub"},
                                 {"name": "v", "mountPath": "/made", "subPath": "new/one"}]}
        self.apply(pod("reads", volumes, [read], initContainers=[write], securityContext={"fsGroup": 2000}, subdomain="sub",
                       setHostnameAsFQDN=True), "jsonpath={.status.phase}=Succeeded")
        self.assertEqual(self.server.kubectl("logs", "reads"), "hello you\npart\n2000:2755\nreads.sub.default.svc.cluster.local\n")

    def test_mounts_of_the_host_below_a_mount(self):
        top = f"{self.server.dir}/host"
        self.mount(top)
        subprocess.run(["mount", "--make-shared", top], check=True)
        self.mount(f"{top}/under")
        mounts = [{"name": "v", "mountPath": "/slave", "mountPropagation": "HostToContainer"},
                  {"name": "v", "mountPath": "/private"},
                  {"name": "v", "mountPath": "/top-only", "readOnly": True},
                  {"name": "v", "mountPath": "/whole", "readOnly": True, "recursiveReadOnly": "Enabled"}]
        self.apply(pod("mounts", [{"name": "v", "hostPath": {"path": top, "type": "Directory"}}], [sleeper(volumeMounts=mounts)]),
                   "condition=ready")
        self.assertEqual(self.shell("mounts", "touch /top-only/under/file && ls /whole/under").stdout, "file\n")
        for path in ("/top-only/file", "/whole/file", "/whole/under/other"):
            self.assertIn("Read-only file system", self.shell("mounts", f"touch {path}").stderr, path)
        self.mount(f"{top}/late")
        open(f"{top}/late/file", "w").close()
        self.assertEqual(self.shell("mounts", "ls /slave/late; ls /private/late").stdout, "file\n")
        status = self.server.json("get", "pod", "mounts")["status"]["containerStatuses"][0]
        self.assertEqual([mount.get("recursiveReadOnly") for mount in status["volumeMounts"][:4]], [None, None, "Disabled", "Enabled"])
        self.server.kubectl("delete", "pod", "mounts")  # before what it uses is unmounted

    def test_a_pod_whose_empty_directory_outgrows_its_limit_is_evicted(self):
        fill = {"name": "main", "command": ["sh", "-c", "dd if=/dev/zero of=/v/big bs=1M count=12 && sleep 600"],
                "volumeMounts": [{"name": "v", "mountPath": "/v"}]}
        self.apply(pod("full", [{"name": "v", "emptyDir": {"sizeLimit": "10Mi"}}], [fill]), "jsonpath={.status.reason}=Evicted")
        status = self.server.json("get", "pod", "full")["status"]
        self.assertEqual((status["phase"], status["message"]), ("Failed", 'Usage of EmptyDir volume "v" exceeds the limit "10Mi". '))
