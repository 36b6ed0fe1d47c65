"""What holds when containerd, unmodified, runs the containers of stint's own node by CRI: `stint serve --runtime cri`."""
import re
import urllib.request

import tap
from kubelet_node import pod, running
from typed import job, until


def its_node_is_ready(k):
    k("wait", "--for=condition=Ready", "node", "--all", "--timeout=60s")
    version = k("get", "nodes", "-o", "jsonpath={.items[*].status.nodeInfo.containerRuntimeVersion}")
    tap.expect(version.startswith("containerd://"), version)


def a_job_runs_to_its_end(k):
    k("create", "ns", k.namespace)
    k("config", "set-context", "--current", "--namespace", k.namespace)
    k("apply", "-f", "-", input=job("three", ["sh", "-c", "echo $JOB_COMPLETION_INDEX"], completions=3, parallelism=3, completionMode="Indexed"))
    k("wait", "--for=condition=complete", "job/three", "--timeout=120s")
    tap.expect(sorted(k("logs", "-l", "job-name=three").split()) == ["0", "1", "2"], "each wrote its index")


def an_exit_code_is_told(k):
    k("apply", "-f", "-", input=pod("fails", ["sh", "-c", "exit 5"], restartPolicy="Never"))
    until(lambda: k.value(".status.phase", "pod", "fails") == "Failed", "it fails", 60)
    tap.expect(k.value(".status.containerStatuses[0].state.terminated.exitCode", "pod", "fails") == "5", "its exit code")
    k("apply", "-f", "-", input=pod("unknown", ["no-such-program"], restartPolicy="Never"))
    until(lambda: k.value(".status.phase", "pod", "unknown") == "Failed", "it cannot be started", 60)
    tap.expect(k.value(".status.containerStatuses[0].state.terminated.reason", "pod", "unknown") == "StartError", "why")


def what_a_pod_is_given_is_there(k):
    k("create", "secret", "generic", "password", "--from-literal=word=sesame")
    k("apply", "-f", "-", input=pod("given", ["sh", "-c", "cat /etc/password/word; hostname"], restartPolicy="Never",
                                    container={"volumeMounts": [{"name": "password", "mountPath": "/etc/password"}]},
                                    volumes=[{"name": "password", "secret": {"secretName": "password"}}]))
    until(lambda: k.value(".status.phase", "pod", "given") == "Succeeded", "it has ended well", 60)
    tap.expect(k("logs", "given") == "sesamegiven\n", k("logs", "given"))


def commands_run_in_its_containers(k):
    k("apply", "-f", "-", input=pod("works", ["sleep", "1000"]))
    running(k, "works")
    tap.expect(k("exec", "works", "--", "sh", "-c", "echo out; echo err >&2") == "out\n", "standard output alone")
    result = k.run("exec", "works", "--", "sh", "-c", "exit 7")
    tap.expect(result.returncode == 7, f"the exit code: {result}")
    tap.expect(k("exec", "-i", "works", "--", "wc", "-c", input="x" * 300_000).strip() == "300000", "standard input, to its end")


def its_own_process_and_its_ports_are_reached(k):
    k("apply", "-f", "-", input=pod("web", ["sh", "-c", "echo page >/tmp/page; httpd -p 8080 -h /tmp; read word; echo heard $word"], restartPolicy="Never",
                                    container={"stdin": True, "stdinOnce": True}))
    running(k, "web")
    until(lambda: "page" in k.run("exec", "web", "--", "wget", "-qO-", "http://127.0.0.1:8080/page").stdout, "it listens")
    forward = k.spawn("port-forward", "pod/web", ":8080")
    port = re.search(r":(\d+) ->", forward.stdout.readline()).group(1)
    tap.expect(urllib.request.urlopen(f"http://127.0.0.1:{port}/page", timeout=30).read() == b"page\n", "a page")
    forward.kill()
    forward.communicate()
    tap.expect("heard you" in k("attach", "-i", "web", input="you\n"), "what its process says")


def a_pod_that_is_deleted_ends(k):
    k("apply", "-f", "-", input=pod("stays", ["sh", "-c", "trap 'exit 0' TERM; while true; do sleep 0.1; done"]))
    running(k, "stays")
    k("delete", "pod", "stays", "works", "--timeout=60s")
    k.fails("NotFound", "get", "pod", "stays")


CLAIMS = [its_node_is_ready, a_job_runs_to_its_end, an_exit_code_is_told, what_a_pod_is_given_is_there, commands_run_in_its_containers, its_own_process_and_its_ports_are_reached,
          a_pod_that_is_deleted_ends]
