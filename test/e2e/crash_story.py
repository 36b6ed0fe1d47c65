"""Stories of a pod's life that are told with a server which kills itself after the n-th change of the world (base/crash_point.h), is started
anew, and has to come to the same end. Each story says what is true then; nothing may be left behind."""
import http.client
import json
import os
import pathlib
import ssl
import subprocess
import time
import unittest.mock

from raw_api import RawApi
from stint_server import Server

POD_PATH = "/api/v1/namespaces/default/pods"


class ServerDied(Exception):
    pass


class Told:
    """One telling of a story. `crash_at`: the number of the change after which the server dies; 0: it does not. `again_at`: the same of its next
    life, in which it takes over what it finds."""

    def __init__(self, story, registry, crash_at, again_at=0):
        self.story, self.registry, self.crashes_at = story, registry, [crash_at, again_at]
        self.server = Server(images=False)
        self.work = pathlib.Path(self.server.dir) / "work"
        self.work.mkdir()
        self.trace = pathlib.Path(self.server.dir) / "trace"
        self.crashed = 0
        self.last_point = "nowhere"  # the change after which it died
        self.api = None

    def run(self):
        try:
            self.start()
            self.trace.touch()  # from here on changes count
            self.story(self)
            self.check_nothing_stays()
            self.trace_lines = self.points()
            self.trace.unlink()  # what the server does to end is not part of the story
        finally:
            self.server.close()
        self.check_nothing_is_left_on_disk()

    def start(self):
        """The next life. One that dies before it is ready is followed by another."""
        at = self.crashes_at.pop(0) if self.crashes_at else 0
        environment = {"STINT_CRASH_TRACE": str(self.trace), "STINT_CRASH_AT": str(at)} if at else {}
        try:
            with unittest.mock.patch.dict(os.environ, environment):
                self.server.start()
        except AssertionError:
            if self.server.process.returncode != -9 or not at or not self.trace.exists():
                raise
            self.note_crash()
            return self.start()
        if self.api is None:
            config = subprocess.run([self.server.kubectl_binary, "--kubeconfig", self.server.kubeconfig, "config", "view", "--raw", "-o", "json"],
                                    check=True, capture_output=True, text=True).stdout
            self.api = RawApi(json.loads(config))

    def points(self):
        return self.trace.read_text().splitlines()

    def revive(self):
        """True: the server had been killed by itself, and runs again."""
        if self.server.process.poll() is None:
            return False
        assert self.server.process.returncode == -9, f"exit {self.server.process.returncode}\n" + self.server.log_text()[-3000:]
        self.server.process.stdout.close()
        self.note_crash()
        self.start()
        return True

    def note_crash(self):
        self.crashed += 1
        self.last_point = self.points()[-1]

    def request(self, *arguments):
        """Asked until there is an answer: what asks again after a crash has to be idempotent anyway."""
        deadline = time.monotonic() + 30
        while True:
            try:
                return self.api.request(*arguments)
            except (OSError, ssl.SSLError, http.client.HTTPException):
                assert time.monotonic() < deadline, "no answer\n" + self.server.log_text()[-3000:]
                time.sleep(0.02)
                self.revive()

    def create(self, path, body):
        status, answer = self.request("POST", path, body)
        assert status in (201, 409), answer

    def delete(self, path, **options):
        status, answer = self.request("DELETE", path, options)
        assert status in (200, 202, 404), answer

    def get(self, path):
        status, answer = self.request("GET", path)
        return answer if status == 200 else None

    def until(self, condition, what, timeout_s=40):
        deadline = time.monotonic() + timeout_s
        while not (value := condition()):
            assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}\n{self.state()}"
            time.sleep(0.02)
            self.revive()
        return value

    def state(self):
        items = (self.get(POD_PATH) or {}).get("items", [])
        return json.dumps([item.get("status") for item in items]) + "\n" + self.server.log_text()[-3000:]

    def lines(self, name):
        file = self.work / name
        return file.read_text().splitlines() if file.exists() else []

    def check_nothing_stays(self):
        """What pods leave while the server goes on."""
        server, run = self.server, f"/run/stint/{self.server.instance()}"
        folders = [f"{server.dir}/data/{name}" for name in ("pods", "containers", "logs", "images/tmp")]
        folders += [f"{run}/{name}" for name in ("containers", "exits", "sandboxes", "oci", "sockets")]

        def stays():
            found = [f"{folder}/{name}" for folder in folders if os.path.isdir(folder) for name in os.listdir(folder)]
            found += [f"process {pid}" for pid in server.container_processes()]
            found += [path for group in server.cgroups() for path, _, _ in os.walk(group) if "/pod" in path]
            found += [line.split()[1] for line in pathlib.Path("/proc/mounts").read_text().splitlines() if f"{server.dir}/" in line]
            table = f"stint-{server.instance()[:8]}"
            rules = subprocess.run(["nft", "list", "table", "ip", table], capture_output=True, text=True).stdout
            return found + [line.strip() for line in rules.splitlines() if "dport" in line]
        try:
            self.until(lambda: not stays(), "nothing stays of the pods", 15)
        except AssertionError as error:
            raise AssertionError(f"stays: {stays()}\n{error}") from None

    def check_nothing_is_left_on_disk(self):
        tables = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True).stdout
        assert self.server.instance()[:8] not in tables, tables


def shell(name, script, **more):
    return {"name": name, "command": ["sh", "-c", script], **more}


def pod_spec(told, containers, **more):
    mounts = [{"name": name, "mountPath": f"/{name}"} for name in ("work", "config", "secret", "memory", "part")]
    mounts[-1] = {"name": "config", "mountPath": "/part", "subPath": "key"}
    for container in (*containers, *more.get("initContainers", [])):
        container.update(image=told.registry.image, volumeMounts=mounts)
    volumes = [{"name": "work", "hostPath": {"path": str(told.work)}}, {"name": "config", "configMap": {"name": "config"}},
               {"name": "secret", "secret": {"secretName": "secret"}}, {"name": "memory", "emptyDir": {"medium": "Memory"}}]
    return {"terminationGracePeriodSeconds": 5, "containers": containers, "volumes": volumes, **more}


def create_sources(told):
    told.create("/api/v1/namespaces/default/configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "config"}, "data": {"key": "value"}})
    told.create("/api/v1/namespaces/default/secrets", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "secret"}, "stringData": {"key": "value"}})


WAIT_FOR_TERM = "trap 'exit 0' TERM; while :; do sleep 0.05; done"
JOB = "/apis/batch/v1/namespaces/default/jobs"


def a_job_comes_to_its_end(told):
    """Init container, sidecar with a probe, a main container that fails once and then ends: each ran as often as it was counted."""
    create_sources(told)
    init = shell("init", "echo begun >>/work/init; cat /config/key /secret/key /part")
    side = shell("side", WAIT_FOR_TERM, restartPolicy="Always", startupProbe={"exec": {"command": ["true"]}, "periodSeconds": 1})
    main = shell("main", "echo begun >>/work/main; echo attempt $(wc -l </work/main); echo words >/dev/termination-log; "
                         "[ $(wc -l </work/main) = 2 ] || exit 3",
                 lifecycle={"postStart": {"exec": {"command": ["true"]}}})
    template = {"spec": pod_spec(told, [main], initContainers=[init, side], restartPolicy="OnFailure")}
    told.create(JOB, {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "story"}, "spec": {"backoffLimit": 3, "template": template}})
    ended = lambda: [c["type"] for c in (told.get(f"{JOB}/story") or {}).get("status", {}).get("conditions", []) if c["status"] == "True"]
    told.until(lambda: {"Complete", "Failed"} & set(ended()), "the Job ends")
    status = told.get(f"{JOB}/story")["status"]
    assert (status.get("succeeded"), status.get("failed", 0), status.get("uncountedTerminatedPods", {})) == (1, 0, {}), status
    [pod] = told.get(POD_PATH)["items"]
    assert "finalizers" not in pod["metadata"], pod["metadata"]
    [container] = pod["status"]["containerStatuses"]
    end, before = container["state"]["terminated"], container["lastState"]["terminated"]
    seen = (pod["status"]["phase"], container["restartCount"], end["exitCode"], end["message"], before["exitCode"], before["message"])
    assert seen == ("Succeeded", 1, 0, "words\n", 3, "words\n"), pod["status"]
    [first, sidecar] = pod["status"]["initContainerStatuses"]
    assert (first["state"]["terminated"]["exitCode"], first["restartCount"]) == (0, 0), first
    assert "terminated" in sidecar["state"], sidecar
    assert (told.lines("init"), told.lines("main")) == (["begun"], ["begun"] * 2), (told.lines("init"), told.lines("main"))
    logs = [told.request("GET", f"{POD_PATH}/{pod['metadata']['name']}/log?container={query}")[1] for query in ("init", "main", "main&previous=true")]
    assert logs == ["valuevaluevalue", "attempt 2\n", "attempt 1\n"], logs
    told.delete(f"{JOB}/story", propagationPolicy="Background")
    told.until(lambda: told.get(POD_PATH)["items"] == [], "the pod goes with its Job")


def a_pod_is_deleted(told):
    """Ready by its probe, reached by a port of the machine, deleted with a preStop hook and a signal that it obeys."""
    create_sources(told)
    main = shell("main", "echo begun >>/work/main; trap 'echo signalled >>/work/main; exit 0' TERM; while :; do sleep 0.05; done",
                 lifecycle={"preStop": {"exec": {"command": ["sh", "-c", "echo stopping >>/work/hook"]}}}, ports=[{"containerPort": 80, "hostPort": 1 + os.getpid() % 1000}],
                 readinessProbe={"exec": {"command": ["true"]}, "periodSeconds": 1})
    told.create(POD_PATH, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "story", "finalizers": ["example.com/seen"]},
                           "spec": pod_spec(told, [main], restartPolicy="Never")})
    ready = lambda: [c for c in (told.get(f"{POD_PATH}/story") or {}).get("status", {}).get("conditions", []) if (c["type"], c["status"]) == ("Ready", "True")]
    told.until(ready, "the pod is ready")
    told.until(lambda: told.lines("main"), "the container has begun")
    told.delete(f"{POD_PATH}/story")
    ended = lambda: (pod := told.get(f"{POD_PATH}/story"))["status"]["phase"] in ("Succeeded", "Failed") and pod
    pod = told.until(ended, "the pod ends")
    end = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (pod["status"]["phase"], end["exitCode"], told.lines("main")) == ("Succeeded", 0, ["begun", "signalled"]), (pod["status"], told.lines("main"))
    assert told.lines("hook"), "the hook ran"
    status, answer = told.request("PATCH", f"{POD_PATH}/story", '{"metadata":{"finalizers":null}}', {"Content-Type": "application/merge-patch+json"})
    assert status in (200, 404), answer
    told.until(lambda: told.get(f"{POD_PATH}/story") is None, "the object goes")


STORIES = {"job": a_job_comes_to_its_end, "pod": a_pod_is_deleted}
