#!/usr/bin/env python3
"""Runs the manifests beside it for real on a cluster whose node is this machine, and writes what each Job did to recorded.json: a start,
an end and an exit code for each go of a container, and the Job's end, all in seconds since the Job was made. Facts, to hold
`stint simulate` to; test/e2e/simulate_agreement_test.py does.

usage: record.py KUBECONFIG [KUBECTL]     an upstream cluster with a kubelet; images: busybox"""
import datetime
import json
import pathlib
import shutil
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
NAMESPACE = "simulate"
STARTS = pathlib.Path("/tmp/stint-simulate-starts")  # as the manifests have it
LONGEST_S = 240


def seconds(text, since):
    moment = lambda t: datetime.datetime.fromisoformat(t.replace("Z", "+00:00"))
    return (moment(text) - moment(since)).total_seconds()


class Watch(threading.Thread):
    """The events of a watch by kubectl, as they come."""

    def __init__(self, kubectl, kind, see):
        super().__init__(daemon=True)
        self.process = subprocess.Popen([*kubectl, "get", kind, "-w", "--output-watch-events", "-o", "json"], stdout=subprocess.PIPE, text=True)
        self.see = see

    def run(self):
        decoder, text = json.JSONDecoder(), ""
        for line in self.process.stdout:
            text += line
            try:
                event, _ = decoder.raw_decode(text)
            except json.JSONDecodeError:
                continue
            text = ""
            self.see(event["type"], event["object"])

    def end(self):
        self.process.terminate()
        self.process.wait()


class Record:
    """What the watches showed."""

    def __init__(self):
        self.jobs, self.goes, self.deleted = {}, {}, {}

    def see_pod(self, _, pod):
        labels = pod["metadata"]["labels"]
        for status in pod["status"].get("containerStatuses", []):
            for state in (status.get("lastState", {}), status["state"]):
                end = state.get("terminated")
                if end and end.get("containerID"):
                    index = labels.get("batch.kubernetes.io/job-completion-index")
                    self.goes[end["containerID"]] = (labels["job-name"], index, end)

    def see_job(self, event, job):
        name = job["metadata"]["name"]
        self.jobs[name] = job
        if event == "DELETED":
            self.deleted[name] = datetime.datetime.now(datetime.timezone.utc).isoformat()

    def over(self, names):
        def is_over(name):
            job = self.jobs.get(name)
            if job is None or not any(c["type"] in ("Complete", "Failed") for c in job["status"].get("conditions", [])):
                return False
            return name in self.deleted or "ttlSecondsAfterFinished" not in job["spec"]

        return all(map(is_over, names))

    def result(self, name):
        job = self.jobs[name]
        made = job["metadata"]["creationTimestamp"]
        goes = sorted(((seconds(end["startedAt"], made), index or "", seconds(end["finishedAt"], made), end["exitCode"])
                       for owner, index, end in self.goes.values() if owner == name))
        ends = [c for c in job["status"]["conditions"] if c["type"] in ("Complete", "Failed")]
        return {
            "attempts": [{"index": int(index) if index else None, "start": start, "end": end, "exitCode": code} for start, index, end, code in goes],
            "condition": ends[0]["type"], "reason": ends[0]["reason"], "at": seconds(ends[0]["lastTransitionTime"], made),
            "deletedAt": seconds(self.deleted[name], made) if name in self.deleted else None,
            "succeeded": job["status"].get("succeeded", 0), "failed": job["status"].get("failed", 0),
            "completedIndexes": job["status"].get("completedIndexes") or None, "failedIndexes": job["status"].get("failedIndexes") or None}


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        print(__doc__)
        return 2
    kubectl = [sys.argv[2] if len(sys.argv) > 2 else "kubectl", "--kubeconfig", sys.argv[1], "-n", NAMESPACE]
    manifests = sorted((HERE / "manifests").glob("*.yaml"))
    shutil.rmtree(STARTS, ignore_errors=True)
    subprocess.run([*kubectl, "create", "namespace", NAMESPACE], check=True)
    record = Record()
    watches = [Watch(kubectl, "jobs", record.see_job), Watch(kubectl, "pods", record.see_pod)]
    try:
        for watch in watches:
            watch.start()
        # One after the other: what is measured are the waits of a Job, and not how many pods the machine can start at once.
        done = threading.Event()
        for manifest in manifests:
            subprocess.run([*kubectl, "apply", "-f", str(manifest)], check=True)
            done.wait(4)
        for _ in range(LONGEST_S):
            if record.over([m.stem for m in manifests]):
                break
            done.wait(1)
        else:
            sys.exit(f"not over after {LONGEST_S} s: {[m.stem for m in manifests if not record.over([m.stem])]}")
        done.wait(3)  # the last states of pods come after their Job's
    finally:
        for watch in watches:
            watch.end()
        subprocess.run([*kubectl, "delete", "namespace", NAMESPACE, "--wait=false"], check=False)
        shutil.rmtree(STARTS, ignore_errors=True)
    results = {m.stem: record.result(m.stem) for m in manifests}
    (HERE / "recorded.json").write_text(json.dumps(results, indent=1) + "\n")
    print(f"recorded {len(results)} Jobs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
