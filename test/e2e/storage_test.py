"""Claims and their volumes: made on this node, found again by the next pod, gone with the claim or kept."""
import json
import os
import pathlib
import unittest

from stint_server import Server, wait_until

IMAGE = {"image": "busybox", "imagePullPolicy": "Never"}


def claim(name, storage_class=None, **spec):
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "10Mi"}}, **spec}
    if storage_class is not None:
        spec["storageClassName"] = storage_class
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec}


def pod_spec(script, volume, **more):
    return {"restartPolicy": "Never", "volumes": [{"name": "data", **volume}],
            "containers": [{**IMAGE, "name": "main", "command": ["sh", "-c", script], "volumeMounts": [{"name": "data", "mountPath": "/data"}]}],
            **more}


def job(name, script, claim_name, **more):
    spec = pod_spec(script, {"persistentVolumeClaim": {"claimName": claim_name}}, **more)
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {"template": {"spec": spec}, "backoffLimit": 0}}


class Storage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server().start()
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.addCleanup(self.clear)

    def clear(self):
        self.server.kubectl("delete", "jobs,pods,pvc", "--all", "--timeout=60s")
        self.server.kubectl("delete", "pv", "--all", "--timeout=60s")

    def apply(self, *manifests):
        for manifest in manifests:
            self.server.kubectl("apply", "-f", "-", input=json.dumps(manifest))

    def run_job(self, manifest):
        self.apply(manifest)
        name = manifest["metadata"]["name"]
        self.server.kubectl("wait", "--for=condition=complete", f"job/{name}", "--timeout=60s")
        return self.server.kubectl("logs", f"job/{name}")

    def phase(self, kind, name):
        return self.server.json("get", kind, name).get("status", {}).get("phase")

    def events(self, name):
        return {(event["reason"], event["message"]) for event in self.server.json("get", "events")["items"] if event["involvedObject"]["name"] == name}

    def volume_dirs(self):
        directory = pathlib.Path(f"{self.server.dir}/data/volumes")
        return sorted(path.name for path in directory.iterdir()) if directory.exists() else []

    def test_the_default_class_makes_a_volume_for_the_first_pod_and_the_next_finds_its_data(self):
        self.assertRegex(self.server.kubectl("get", "sc"), r"local-path \(default\)\s+stint.internal/local-path\s+Delete\s+WaitForFirstConsumer\s+false")
        self.apply(claim("work"))
        wait_until(lambda: ("WaitForFirstConsumer", "waiting for first consumer to be created before binding") in self.events("work"), 30, "the event")
        self.assertEqual(self.phase("pvc", "work"), "Pending")
        # Not as root, and through a sub path.
        one = job("one", "echo first >/data/file; id -u", "work", securityContext={"runAsUser": 1000, "fsGroup": 2000})
        self.assertEqual(self.run_job(one), "1000\n")
        self.assertRegex(self.server.kubectl("get", "pvc", "work"), r"work\s+Bound\s+pvc-\S+\s+10Mi\s+RWO\s+local-path\s")
        volume = self.server.json("get", "pvc", "work")["spec"]["volumeName"]
        self.assertRegex(self.server.kubectl("get", "pv", volume), rf"{volume}\s+10Mi\s+RWO\s+Delete\s+Bound\s+default/work\s+local-path\s")
        two = job("two", "cat /data/file; stat -c %g /data/file; echo second >>/data/file", "work", securityContext={"runAsUser": 1001, "fsGroup": 2000})
        self.assertEqual(self.run_job(two), "first\n2000\n")
        sub = job("sub", "cat /data/file", "work")
        sub["spec"]["template"]["spec"]["containers"][0]["volumeMounts"][0].update(mountPath="/data/file", subPath="file", readOnly=True)
        self.assertEqual(self.run_job(sub), "first\nsecond\n")

        # In use by pods that are still there it stays, and goes with the last of them.
        self.server.kubectl("delete", "pvc", "work", "--wait=false")
        self.assertRegex(self.server.kubectl("get", "pvc", "work"), r"work\s+Terminating")
        self.assertEqual(self.volume_dirs(), [volume])
        self.server.kubectl("delete", "jobs", "--all")
        self.server.kubectl("wait", "--for=delete", "pvc/work", f"pv/{volume}", "--timeout=60s")
        self.assertEqual(self.volume_dirs(), [])

    def test_a_pod_waits_for_its_claim_and_says_so(self):
        self.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "waits"},
                    "spec": pod_spec("echo here", {"persistentVolumeClaim": {"claimName": "late"}})})
        message = '0/1 nodes are available: persistentvolumeclaim "late" not found. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.'
        wait_until(lambda: ("FailedScheduling", message) in self.events("waits"), 30, "the event")
        self.apply(claim("late", ""))
        message = ("0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/1 nodes are available: "
                   "1 Preemption is not helpful for scheduling.")
        wait_until(lambda: ("FailedScheduling", message) in self.events("waits"), 30, "the event")
        self.assertIn(("FailedBinding", "no persistent volumes available for this claim and no storage class is set"), self.events("late"))
        os.mkdir(f"{self.server.dir}/static")
        self.addCleanup(os.rmdir, f"{self.server.dir}/static")
        self.apply({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "static"},
                    "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "persistentVolumeReclaimPolicy": "Retain",
                             "hostPath": {"path": f"{self.server.dir}/static", "type": "Directory"}}})
        self.server.kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/waits", "--timeout=60s")
        self.assertEqual((self.phase("pvc", "late"), self.phase("pv", "static")), ("Bound", "Bound"))
        self.server.kubectl("delete", "pod/waits", "pvc/late", "--timeout=60s")
        wait_until(lambda: self.phase("pv", "static") == "Released", 30, "the release")

    def test_immediate_binding_retain_and_a_restart_in_between(self):
        self.apply({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "kept"}, "provisioner": "stint.internal/local-path",
                    "reclaimPolicy": "Retain"}, claim("kept", "kept"))
        self.addCleanup(self.server.kubectl, "delete", "sc", "kept")
        self.server.kubectl("wait", "--for=jsonpath={.status.phase}=Bound", "pvc/kept", "--timeout=60s")
        volume = self.server.json("get", "pvc", "kept")["spec"]["volumeName"]
        self.run_job(job("writes", "echo kept >/data/file", "kept"))
        self.server.kill()
        self.server.start()
        self.assertEqual(self.run_job(job("reads", "cat /data/file", "kept")), "kept\n")
        self.server.kubectl("delete", "job/writes", "job/reads", "pvc/kept", "--timeout=60s")
        wait_until(lambda: self.phase("pv", volume) == "Released", 30, "the release")
        file = pathlib.Path(f"{self.server.dir}/data/volumes/{volume}/file")
        self.server.kubectl("delete", "pv", volume, "--timeout=60s")
        self.assertEqual(file.read_text(), "kept\n")
        file.unlink()
        file.parent.rmdir()

    def test_an_ephemeral_volume_comes_and_goes_with_its_pod(self):
        volume = {"ephemeral": {"volumeClaimTemplate": {"metadata": {"labels": {"made": "for-a-pod"}},
                                                        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "5Mi"}}}}}}
        self.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "scratch"}, "spec": pod_spec("echo data >/data/file && cat /data/file", volume)})
        self.server.kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/scratch", "--timeout=60s")
        self.assertEqual(self.server.kubectl("logs", "scratch"), "data\n")
        made = self.server.json("get", "pvc", "scratch-data")
        self.assertEqual((made["metadata"]["labels"], made["metadata"]["ownerReferences"][0]["name"]), ({"made": "for-a-pod"}, "scratch"))
        self.server.kubectl("delete", "pod", "scratch", "--timeout=60s")
        self.server.kubectl("wait", "--for=delete", "pvc/scratch-data", "--timeout=60s")
        wait_until(lambda: not self.volume_dirs(), 30, "the directory is gone")


if __name__ == "__main__":
    unittest.main()
