"""What holds when upstream's kubelet, unmodified and with containerd, is the node of a server that has none of its own."""
import json
import pathlib
import re
import socket
import subprocess
import urllib.request

import tap
from machine import HOST
from typed import until

NAME = "interop-node"
EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples/job.yaml"


def pod(name, command, **spec):
    container = {"name": "c", "image": "busybox", "command": command, **spec.pop("container", {})}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"terminationGracePeriodSeconds": 1, "containers": [container], **spec}}


def running(k, name):
    until(lambda: k.value(".status.phase", "pod", name) == "Running", f"{name} runs", 60)


class Claims:
    """In order: each may build upon those before it."""

    def __init__(self, server, machine, service, node_kubeconfig):
        self.server, self.machine, self.service, self.node_kubeconfig = server, machine, service, node_kubeconfig

    def all(self):
        return [self.it_joins_and_is_ready, self.the_lab_s_job_fails_and_then_succeeds, self.its_logs_are_followed, self.commands_run_in_its_containers,
                self.its_own_process_and_its_ports_are_reached, self.what_a_pod_is_given_is_there, self.a_pod_that_is_deleted_ends,
                self.a_node_reads_and_writes_what_is_its_own]

    def it_joins_and_is_ready(self, k):
        k("wait", "--for=create", f"node/{NAME}", "--timeout=60s")
        k("wait", "--for=condition=Ready", f"node/{NAME}", "--timeout=60s")
        nodes = k.json("get", "nodes")["items"]
        tap.expect([node["metadata"]["name"] for node in nodes] == [NAME], "it is the only node")
        tap.expect(nodes[0]["status"]["nodeInfo"]["kubeletVersion"].startswith("v1.37"), "upstream's kubelet")
        tap.expect(nodes[0]["status"]["nodeInfo"]["containerRuntimeVersion"].startswith("containerd://"), "containerd")
        until(lambda: k.run("get", "lease", NAME, "-n", "kube-node-lease").returncode == 0, "its lease", 30)
        k("get", "csinode", NAME)

    def the_lab_s_job_fails_and_then_succeeds(self, k):
        k("create", "ns", k.namespace)
        k("config", "set-context", "--current", "--namespace", k.namespace)
        code, key = self.service.call("GET", "/api/KeyVal/GetAppKey")
        key = key.strip().strip('"')
        set_value = lambda value: self.service.call("POST", f"/api/KeyVal/UpdateValue/{key}/job-demo/{value}")
        set_value(1)
        url = f"http://{HOST}:{self.service.port}"
        k("apply", "-f", "-", input=EXAMPLE.read_text().replace("KV/api", f"{url}/api").replace("APPKEY", key))
        until(lambda: k.value(".status.failed", "job", "demo-job") == "1", "the first attempt fails", 90)
        set_value(0)
        k("wait", "--for=condition=complete", "job/demo-job", "--timeout=90s")
        pods = k.json("get", "pods", "-l", "job-name=demo-job")["items"]
        tap.expect(sorted(one["status"]["phase"] for one in pods) == ["Failed", "Succeeded"], "an attempt failed, the next succeeded")
        tap.expect({one["spec"]["nodeName"] for one in pods} == {NAME}, "both there")
        done = next(one["metadata"]["name"] for one in pods if one["status"]["phase"] == "Succeeded")
        tap.expect('the service says "0"' in k("logs", done), "what it said")
        tap.expect("Started container demo" in k("describe", "pod", done) or "Container started" in k("describe", "pod", done), "the kubelet's events")

    def its_logs_are_followed(self, k):
        k("apply", "-f", "-", input=pod("talks", ["sh", "-c", "for i in 1 2 3; do echo line $i; done; until [ -e /tmp/end ]; do sleep 0.1; done; echo last"],
                                        restartPolicy="Never"))
        running(k, "talks")
        tap.expect(k("logs", "talks", "--tail=2") == "line 2\nline 3\n", "the last two lines")
        tap.expect(k("logs", "talks", "--timestamps", "--limit-bytes=4")[:2] == "20", "a time before each")
        follower = k.spawn("logs", "-f", "talks")
        first = [follower.stdout.readline() for _ in range(3)]
        k("exec", "talks", "--", "touch", "/tmp/end")
        tap.expect(first + follower.stdout.readlines() == ["line 1\n", "line 2\n", "line 3\n", "last\n"], "all lines, to the end")
        tap.expect(follower.wait(timeout=30) == 0, "the end of the log ends it")
        k.fails("previous terminated container", "logs", "talks", "--previous")
        k.fails("container none is not valid for pod talks", "logs", "talks", "-c", "none")

    def commands_run_in_its_containers(self, k):
        k("apply", "-f", "-", input=pod("works", ["sleep", "1000"]))
        running(k, "works")
        tap.expect(k("exec", "works", "--", "sh", "-c", "echo out; echo err >&2") == "out\n", "standard output alone")
        tap.expect(k("exec", "-i", "works", "--", "sh", "-c", "wc -c; echo done", input="x" * 300_000).split() == ["300000", "done"], "standard input, to its end")
        tap.expect(len(k("exec", "works", "--", "sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x")) == 3_000_000, "three million bytes")
        result = k.run("exec", "works", "--", "sh", "-c", "echo why >&2; exit 7")
        tap.expect((result.returncode, result.stderr.splitlines()[0]) == (7, "why"), f"the exit code and standard error: {result}")
        result = k.run("exec", "works", "--", "no-such-program")
        tap.expect(result.returncode != 0 and "no-such-program" in result.stderr, f"a program that is not there: {result}")
        source = k.file("copied.txt", "to and fro")
        k("cp", source, "works:/tmp/copied.txt")
        k("cp", "works:/tmp/copied.txt", source + ".back")
        tap.expect(pathlib.Path(source + ".back").read_text() == "to and fro", "a copied file")

    def its_own_process_and_its_ports_are_reached(self, k):
        k("apply", "-f", "-", input=pod("web", ["sh", "-c", "echo page >/tmp/page; httpd -p 8080 -h /tmp; read word; echo heard $word"], restartPolicy="Never",
                                        container={"stdin": True, "stdinOnce": True}))
        running(k, "web")
        until(lambda: "page" in k.run("exec", "web", "--", "wget", "-qO-", "http://127.0.0.1:8080/page").stdout, "it listens")
        forward = k.spawn("port-forward", "pod/web", ":8080")
        port = re.search(r":(\d+) ->", forward.stdout.readline()).group(1)
        tap.expect(urllib.request.urlopen(f"http://127.0.0.1:{port}/page", timeout=30).read() == b"page\n", "a page")
        forward.kill()
        forward.communicate()
        deaf = k.spawn("port-forward", "pod/web", ":9")
        port = re.search(r":(\d+) ->", deaf.stdout.readline()).group(1)
        with socket.create_connection(("127.0.0.1", int(port)), timeout=30) as connection:
            tap.expect(connection.recv(1) == b"", "nobody listens")
        until(lambda: "connection refused" in deaf.stdout.readline(), "why")
        deaf.kill()
        deaf.communicate()
        tap.expect("heard you" in k("attach", "-i", "web", input="you\n"), "what its process says")

    def what_a_pod_is_given_is_there(self, k):
        k("create", "configmap", "settings", "--from-literal=colour=blue")
        k("create", "secret", "generic", "password", "--from-literal=word=sesame")
        ask = ("cat /etc/settings/colour /etc/password/word; echo \" $COLOUR $WORD\"; "
               "test -s /var/run/secrets/kubernetes.io/serviceaccount/token && echo token; hostname")
        k("apply", "-f", "-", input=pod("given", ["sh", "-c", ask], restartPolicy="Never", container={
            "env": [{"name": "COLOUR", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "colour"}}},
                    {"name": "WORD", "valueFrom": {"secretKeyRef": {"name": "password", "key": "word"}}}],
            "volumeMounts": [{"name": "settings", "mountPath": "/etc/settings"}, {"name": "password", "mountPath": "/etc/password"}]},
            volumes=[{"name": "settings", "configMap": {"name": "settings"}}, {"name": "password", "secret": {"secretName": "password"}}]))
        until(lambda: k.value(".status.phase", "pod", "given") == "Succeeded", "it has ended well", 60)
        tap.expect(k("logs", "given").split() == ["bluesesame", "blue", "sesame", "token", "given"], k("logs", "given"))

    def a_pod_that_is_deleted_ends(self, k):
        k("apply", "-f", "-", input=pod("stays", ["sh", "-c", "trap 'exit 0' TERM; while true; do sleep 0.1; done"]))
        running(k, "stays")
        k("delete", "pod", "stays", "works", "--timeout=60s")
        k.fails("NotFound", "get", "pod", "stays")

    def a_node_reads_and_writes_what_is_its_own(self, k):
        k("create", "secret", "generic", "others", "--from-literal=a=b")
        as_node = lambda *words, input=None: subprocess.run([k.binary, "--kubeconfig", self.node_kubeconfig, *words], input=input, capture_output=True, text=True)
        tap.expect(as_node("get", "secret", "password", "-n", k.namespace).returncode == 0, "a Secret that its pod names")
        for words, why in ((("get", "secret", "others", "-n", k.namespace), "no relationship found between node 'interop-node' and this object"),
                           (("get", "secrets", "-A"), "can only read namespaced object of this type"),
                           (("get", "pods", "-A"), "can only list/watch pods with spec.nodeName field selector"),
                           (("get", "nodes"), "cannot read all nodes, only its own Node object"),
                           (("get", "jobs", "-A"), "cannot list resource"),
                           (("label", "node", NAME, "node-restriction.kubernetes.io/a=b"), "is not allowed to modify labels"),
                           (("taint", "node", NAME, "a=b:NoSchedule"), "is not allowed to modify taints"),
                           (("create", "token", "default", "-n", k.namespace), "node requested token not bound to a pod")):
            result = as_node(*words)
            tap.expect(result.returncode != 0 and why in result.stderr, f"{words}: {result.stderr}")
        other = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "other", "namespace": "kube-node-lease"}}
        refused = as_node("create", "-f", "-", input=json.dumps(other)).stderr
        tap.expect("can only access node lease with the same name as the requesting node" in refused, refused)
