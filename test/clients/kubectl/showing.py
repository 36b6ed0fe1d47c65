"""kubectl get, describe, explain, logs, events, auth, top, wait: what is there, and what it may do."""
import json
import signal

from tap import expect
from typed import config_map, job, until


def runs_a_job_to_its_end(k):
    k("apply", "-f", "-", input=job("seen", ["sh", "-c", "echo one; echo two >&2"], labels={"app": "seen"}))
    k.says("job.batch/seen condition met", "wait", "--for=condition=complete", "job/seen", "--timeout=60s")
    k("wait", "--for=jsonpath={.status.succeeded}=1", "job/seen", "--timeout=10s")


def shows_tables(k):
    header = k("get", "jobs", "seen").split("\n")[0].split()
    expect(header == ["NAME", "STATUS", "COMPLETIONS", "DURATION", "AGE"], header)
    wide = k("get", "jobs", "seen", "-o", "wide")
    expect(wide.split("\n")[0].split()[-3:] == ["CONTAINERS", "IMAGES", "SELECTOR"] and "busybox" in wide, wide)
    everything = k("get", "all")
    expect("job.batch/seen" in everything and "pod/seen-" in everything, everything)
    k.says("LABELS", "get", "jobs", "--show-labels")
    k.says("seen", "get", "jobs", "-L", "app", "-l", "app=seen")
    k.says("seen", "get", "jobs", "-A", "--no-headers")


def shows_objects_in_every_format(k):
    k.says("kind: Job", "get", "job", "seen", "-o", "yaml")
    expect(k.json("get", "job", "seen")["metadata"]["name"] == "seen", "JSON")
    expect(k("get", "job", "seen", "-o", "name") == "job.batch/seen\n", "name")
    expect(k.value(".status.succeeded", "job", "seen") == "1", "jsonpath")
    expect(k("get", "job", "seen", "-o", "go-template={{.metadata.name}}") == "seen", "go-template")
    output = k("get", "jobs", "-l", "app=seen", "-o", "custom-columns=N:.metadata.name,S:.status.succeeded")
    expect(output.split() == ["N", "S", "seen", "1"], output)
    expect(json.loads(k("get", "--raw", f"/apis/batch/v1/namespaces/{k.namespace}/jobs/seen"))["kind"] == "Job", "raw")


def sorts_selects_and_chunks(k):
    for name, size in (("sort-a", "3"), ("sort-b", "1"), ("sort-c", "2")):
        k("create", "-f", "-", input=config_map(name, {"size": size}, {"sort": "yes"}))
    expect(k("get", "cm", "-l", "sort=yes", "--sort-by=.data.size", "-o", "name").split() == [f"configmap/sort-{x}" for x in "bca"], "by size")
    expect(k("get", "cm", "-l", "sort in (yes),none notin (x)", "--chunk-size=1", "-o", "name").count("sort-") == 3, "all, one at a time")
    expect(k("get", "cm", "--field-selector", "metadata.name=sort-b", "-o", "name") == "configmap/sort-b\n", "by field")
    k.says("seen", "get", "jobs", "--field-selector", "status.successful=1")
    k.says("Succeeded", "get", "pods", "--field-selector", "status.phase=Succeeded", "-o", "yaml")


def watches(k):
    watcher = k.spawn("get", "configmaps", "--watch-only", "-o", "json", "--output-watch-events")
    table = k.spawn("get", "configmaps", "-w", "--field-selector", "metadata.name=watched")
    try:
        until(lambda: watcher.poll() is None, "the watch runs", 5)
        k("create", "configmap", "watched", "--from-literal=a=1")
        k("label", "configmap", "watched", "seen=1")
        k("delete", "configmap", "watched")
        decoder, text, types = json.JSONDecoder(), "", []
        while "DELETED" not in types:
            text += watcher.stdout.readline()
            try:
                event, end = decoder.raw_decode(text)
            except ValueError:
                continue
            text = text[end:].lstrip()
            if event["object"]["metadata"]["name"] == "watched":
                types.append(event["type"])
        expect(types in (["ADDED", "MODIFIED", "DELETED"], ["MODIFIED", "DELETED"]), types)
        expect("watched" in "".join(table.stdout.readline() for _ in range(2)), "the table's row")
    finally:
        for process in (watcher, table):
            process.send_signal(signal.SIGINT)
            process.wait(timeout=10)
            process.stdout.close()


def shows_logs(k):
    expect(sorted(k("logs", "job/seen").split()) == ["one", "two"], "the job's log")
    expect(len(k("logs", "job/seen", "--tail=1").split()) == 1, "the last line")
    k.says("[pod/seen-", "logs", "-l", "job-name=seen", "--prefix")
    pod = k("get", "pods", "-l", "job-name=seen", "-o", "name").strip()
    expect(k("logs", pod, "--timestamps").split("\n")[0].startswith("20"), "a time before each line")
    k("apply", "-f", "-", input=job("slow", ["sh", "-c", "for i in 1 2 3; do echo $i; sleep 1; done"]))
    until(lambda: k.value(".items[0].status.phase", "pods", "-l", "job-name=slow") == "Running", "running")
    expect(k("logs", "-f", "job/slow") == "1\n2\n3\n", "the log as it grows")


def describes(k):
    output = k("describe", "job", "seen")
    expect("Pods Statuses:" in output and "SuccessfulCreate" in output and "Completed" in output, output)
    pod = k("get", "pods", "-l", "job-name=seen", "-o", "name").strip()
    output = k("describe", pod)
    expect("Controlled By:  Job/seen" in output and "Scheduled" in output, output)
    k.says("typed", "describe", "cronjob", "typed")
    k.says("Name:", "describe", "nodes")
    k.says(k.namespace, "describe", "ns", k.namespace)
    k.says("password:", "describe", "secret", "typed")
    k("describe", "all")


def shows_events(k):
    k.says("SuccessfulCreate", "events", "--for", "job/seen")
    k.says("Completed", "get", "events", "--field-selector", "involvedObject.name=seen,reason=Completed")
    k.says("LAST SEEN", "get", "events", "--sort-by=.lastTimestamp")


def explains(k):
    k.says("backoffLimit", "explain", "job.spec.backoffLimit")
    for kind in ("job", "cronjob", "pod", "configmap", "secret", "serviceaccount", "namespace", "node", "events", "lease"):
        k.says("metadata", "explain", kind, "--recursive")
    k.says("ttlSecondsAfterFinished", "explain", "cronjob", "--recursive")
    k.says("podFailurePolicy", "explain", "jobs", "--api-version=batch/v1", "--recursive")
    k.fails("does not exist", "explain", "job.spec.nothing")


def lists_what_the_api_has(k):
    output = k("api-resources")
    for line in ("jobs", "cronjobs", "cj", "configmaps", "cm"):
        expect(line in output, line)
    k.says("batch/v1", "api-versions")
    k.says("pods", "api-resources", "--namespaced=true", "--verbs=list,watch", "-o", "wide", "--categories=all")
    version = k.json("version")
    expect(version["serverVersion"]["minor"] == "37", version["serverVersion"])
    k.says("ok", "get", "--raw", "/readyz")
    k.says("is running at", "cluster-info")


def says_who_may_do_what(k):
    expect(k("auth", "can-i", "create", "jobs").strip() == "yes", "the administrator may")
    expect(k.run("auth", "can-i", "create", "jobs", "--as=jane").stdout.strip() == "no", "jane may not")
    expect(k("auth", "can-i", "list", "jobs.batch", "--as=jane").strip() == "yes", "jane reads, as her role says")
    k.says("jobs.batch", "auth", "can-i", "--list", "--as=jane")
    error = k.fails("Forbidden", "delete", "job", "seen", "--as=jane")
    expect(f'User "jane" cannot delete resource "jobs" in API group "batch" in the namespace "{k.namespace}"' in error, error)


def says_who_i_am(k):
    if k.minor > 27:  # which asks for versions that no server has any more
        k.says("system:masters", "auth", "whoami")
        k.says("jane", "auth", "whoami", "--as=jane", "-o", "jsonpath={.status.userInfo.username}")


def shows_usage(k):
    k("apply", "-f", "-", input=job("busy", ["sh", "-c", "while :; do :; done"]))
    until(lambda: k.value(".items[0].status.phase", "pods", "-l", "job-name=busy") == "Running", "running")
    until(lambda: "busy-" in k.run("top", "pods").stdout, "usage of the pod", 60)
    k.says("CPU(cores)", "top", "nodes")
    k.says("c ", "top", "pods", "--containers", "-l", "job-name=busy")
    k("delete", "job", "busy")


CLAIMS = [runs_a_job_to_its_end, shows_tables, shows_objects_in_every_format, sorts_selects_and_chunks, watches, shows_logs, describes, shows_events, explains,
          lists_what_the_api_has, says_who_may_do_what, says_who_i_am, shows_usage]
