"""Upstream's own programs, unmodified, in the place of stint's: controllers and scheduler, which see the API only and run everything to its end,
and then the kubelet with containerd, which joins as a node, and containerd alone as what runs the containers of stint's own node.

usage: run.py [controllers] [kubelet] [cri]     all unless told; prints last 'N passed, N failed'

The programs are taken from $UPSTREAM/bin (~/.cache/upstream-1.37/bin), and speak protobuf as they always do."""
import json
import os
import pathlib
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / folder) for folder in ("clients", "clients/kubectl", "e2e")]

import cri_runtime  # noqa: E402
import install  # noqa: E402
import kubelet_node  # noqa: E402
import machine  # noqa: E402
import tap  # noqa: E402
from stint_server import STINT, KeyValue, Server, free_port, test_images, why_no_containers  # noqa: E402
from typed import Kubectl, config_map, cron_job, job, until  # noqa: E402

LOGS = HERE.parents[1] / "build/interop"
PROGRAMS = {
    "kube-controller-manager": lambda server: ["--leader-elect=true", "--secure-port=0", f"--flex-volume-plugin-dir={server.dir}/none"],
    "kube-scheduler": lambda server: ["--leader-elect=true", "--secure-port=0"],
}


class Upstream:
    """Both programs against one server, each with its log in build/interop."""

    def __init__(self, server):
        self.logs = LOGS
        self.running = {}
        for name, arguments in PROGRAMS.items():
            with open(self.logs / f"{name}.log", "w") as log:
                self.running[name] = subprocess.Popen([str(install.UPSTREAM / "bin" / name), f"--kubeconfig={server.kubeconfig}", *arguments(server)],
                                                      stdout=log, stderr=log, cwd=server.dir, start_new_session=True)

    def check(self):
        for name, process in self.running.items():
            tap.expect(process.poll() is None, f"{name} ended with {process.returncode}; see {self.logs / name}.log")

    def stop(self):
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def both_lead_by_their_leases(k):
    for name in PROGRAMS:
        until(lambda: k.run("get", "lease", name, "-n", "kube-system").returncode == 0 and k.value(".spec.holderIdentity", "lease", name, "-n", "kube-system"),
              f"{name} leads", 60)


def a_namespace_gets_its_service_account(k):
    k("create", "ns", k.namespace)
    k("config", "set-context", "--current", "--namespace", k.namespace)
    until(lambda: k.run("get", "serviceaccount", "default").returncode == 0, "the default service account", 60)


def a_job_runs_to_its_end(k):
    k("apply", "-f", "-", input=job("three", ["echo", "done"], completions=3, parallelism=2))
    k("wait", "--for=condition=complete", "job/three", "--timeout=120s")
    tap.expect(k.value(".status.succeeded", "job", "three") == "3", "three successes")
    tap.expect(k.value(".status.uncountedTerminatedPods", "job", "three") in ("", "{}"), "each was counted")
    sources = k("get", "events", "-o", "jsonpath={.items[*].reportingComponent} {.items[*].source.component}")
    tap.expect("job-controller" in sources and "default-scheduler" in sources, sources)
    tap.expect(k("logs", "job/three").strip() == "done", "the log")


def an_indexed_job_knows_its_indexes(k):
    k("apply", "-f", "-", input=job("indexed", ["sh", "-c", "echo $JOB_COMPLETION_INDEX"], completions=3, parallelism=3, completionMode="Indexed"))
    k("wait", "--for=condition=complete", "job/indexed", "--timeout=120s")
    tap.expect(k.value(".status.completedIndexes", "job", "indexed") == "0-2", "each index")


def a_job_fails_for_good(k):
    k("apply", "-f", "-", input=job("fails", ["sh", "-c", "exit 3"], backoffLimit=1))
    k("wait", "--for=condition=failed", "job/fails", "--timeout=180s")
    tap.expect(k.value('.status.conditions[?(@.type=="Failed")].reason', "job", "fails") == "BackoffLimitExceeded", "the reason")


def a_suspended_job_waits_and_resumes(k):
    k("apply", "-f", "-", input=job("paused", ["true"], suspend=True))
    k("wait", "--for=condition=suspended", "job/paused", "--timeout=60s")
    k("patch", "job", "paused", "-p", '{"spec":{"suspend":false}}')
    k("wait", "--for=condition=complete", "job/paused", "--timeout=120s")


def a_finished_job_goes_after_its_time(k):
    k("apply", "-f", "-", input=job("brief", ["true"], ttlSecondsAfterFinished=2))
    until(lambda: k.run("get", "job", "brief").returncode != 0, "gone", 120)


def a_cron_job_makes_jobs(k):
    k("apply", "-f", "-", input=cron_job("tick", "* * * * *"))
    name = until(lambda: k("get", "jobs", "-o", 'jsonpath={.items[?(@.metadata.ownerReferences[0].name=="tick")].metadata.name}').split(), "a Job", 130)[0]
    k("wait", "--for=condition=complete", f"job/{name}", "--timeout=60s")
    until(lambda: k.value(".status.lastSuccessfulTime", "cronjob", "tick"), "the CronJob knows", 30)
    k("delete", "cronjob", "tick")
    until(lambda: k.run("get", "job", name).returncode != 0, "its Jobs are collected", 120)


def what_cannot_be_placed_says_why(k):
    greedy = job("greedy", ["true"])
    greedy["spec"]["template"]["spec"]["nodeSelector"] = {"no": "where"}
    k("apply", "-f", "-", input=greedy)
    words = ("get", "pods", "-l", "job-name=greedy", "-o", "jsonpath={.items[*].status.conditions[*].message}")
    until(lambda: "didn't match Pod's node affinity/selector" in k(*words), "the scheduler's words", 60)
    k("delete", "job", "greedy")


def the_garbage_collector_deletes_and_orphans(k):
    for name, cascade, stay in (("background", "background", 0), ("foreground", "foreground", 0), ("orphan", "orphan", 1)):
        k("apply", "-f", "-", input=job(name, ["sleep", "1000"]))
        until(lambda: k.value(".items[0].status.phase", "pods", "-l", f"job-name={name}") == "Running", f"{name} runs", 60)
        k("delete", "job", name, f"--cascade={cascade}", "--timeout=120s")
        until(lambda: len(k("get", "pods", "-l", f"job-name={name}", "-o", "name").split()) == stay, f"{stay} pods of {name}", 120)
    owner = json.loads(k("create", "-f", "-", "-o", "json", input=config_map("owner", {})))
    owned = config_map("owned", {})
    owned["metadata"]["ownerReferences"] = [{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}]
    k("create", "-f", "-", input=owned)
    k("delete", "configmap", "owner")
    until(lambda: k.run("get", "configmap", "owned").returncode != 0, "what it owned goes", 120)


def a_namespace_goes_with_all_it_has(k):
    k("delete", "ns", k.namespace, "--timeout=180s")
    k.fails("NotFound", "get", "ns", k.namespace)


CLAIMS = [both_lead_by_their_leases, a_namespace_gets_its_service_account, a_job_runs_to_its_end, an_indexed_job_knows_its_indexes, a_job_fails_for_good,
          a_suspended_job_waits_and_resumes, a_finished_job_goes_after_its_time, a_cron_job_makes_jobs, what_cannot_be_placed_says_why,
          the_garbage_collector_deletes_and_orphans, a_namespace_goes_with_all_it_has]


def guarded(claim, upstream):
    def check(kubectl):
        upstream.check()
        claim(kubectl)
    check.__name__ = claim.__name__
    return check


def tell_all(claims, server, upstream):
    """How many do not hold."""
    os.environ.update(KUBECONFIG=server.kubeconfig, HOME=f"{server.dir}/home")
    kubectl = Kubectl(server.kubectl_binary, "interop")
    failed = sum(tap.tell([guarded(claim, upstream)], kubectl) for claim in claims)
    kubectl.run("delete", "ns", "interop", "--timeout=120s")  # while there is somebody to take it down
    return failed


def with_controllers():
    server = Server(arguments=["--disable-controllers", "*", "--disable-scheduler"]).start()
    upstream = Upstream(server)
    try:
        return len(CLAIMS), tell_all(CLAIMS, server, upstream)
    finally:
        try:
            upstream.stop()
        finally:
            server.close()


def end_all(ends):
    """Each, whatever goes wrong with those before it; in order, and None is nothing to end."""
    if ends:
        try:
            if ends[0]:
                ends[0]()
        finally:
            end_all(ends[1:])


def with_kubelet():
    machine.install()
    node = machine.Machine(kubelet_node.NAME, LOGS)
    server = service = None
    try:
        node.boot()
        registry = free_port()
        node.serve_images(test_images(), registry)
        node.start_containerd(registry)
        server = Server(images=False, arguments=["--disable-node"])
        server.listen = f"{machine.HOST}:{free_port()}"
        server.start()
        service = KeyValue(f"{server.dir}/keyvalue", f"{machine.HOST}:0")
        config = f"{node.dir}/config"
        machine.run(STINT, "node-config", kubelet_node.NAME, "--server", server.url, "--data-dir", f"{server.dir}/data", "--output", config)
        node.start_kubelet(install.UPSTREAM / "bin/kubelet", config)
        claims = kubelet_node.Claims(server, node, service, f"{config}/kubeconfig").all()
        return len(claims), tell_all(claims, server, node)
    finally:
        end_all([service and service.close, server and server.close, node.stop])


class ServerInside(Server):
    """A server on the other machine."""

    def __init__(self, node, arguments):
        super().__init__(images=False, runtime="cri", arguments=arguments)
        self.node = node
        self.listen = f"{machine.NODE}:{free_port()}"

    def command(self):
        return self.node.words(*super().command())

    def stop(self):
        """The signal goes to the server itself, and not to who led it in there."""
        if self.process and self.process.poll() is None:
            os.kill(machine.only_child(self.process.pid), signal.SIGTERM)
            self.process.wait(timeout=60)
        super().stop()


def with_cri():
    machine.install()
    node = machine.Machine("cri", LOGS)
    server = None
    try:
        node.boot()
        registry = free_port()
        node.serve_images(test_images(), registry)
        node.start_containerd(registry)
        server = ServerInside(node, ["--cri-endpoint", "unix:///run/containerd/containerd.sock"]).start()
        return len(cri_runtime.CLAIMS), tell_all(cri_runtime.CLAIMS, server, node)
    finally:
        end_all([server and server.close, node.stop])


PARTS = {"cri": ([], with_cri), "controllers": (list(PROGRAMS), with_controllers), "kubelet": (["kubelet"], with_kubelet)}


def main():
    parts = sys.argv[1:] or list(PARTS)
    if unknown := [part for part in parts if part not in PARTS]:
        print(f"interop: {' '.join(unknown)}: there are {' and '.join(PARTS)}", file=sys.stderr)
        return 2
    missing = [name for part in parts for name in PARTS[part][0] if not (install.UPSTREAM / "bin" / name).exists()]
    if missing:
        print(f"interop: {' and '.join(missing)} of upstream 1.37 must be in {install.UPSTREAM}/bin; build them there first", file=sys.stderr)
        return 2
    if reason := why_no_containers():
        print(f"interop runs real containers, and {reason}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    LOGS.mkdir(parents=True, exist_ok=True)
    total = failed = 0
    for part in parts:
        count, wrong = PARTS[part][1]()
        total, failed = total + count, failed + wrong
    print(f"{total - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
