#!/usr/bin/env python3
"""Writes docs/compat.md: what a running stint says that it serves, the differences that are known, and upstream's conformance tests.

usage: compat.py [--check]     --check writes nothing, and fails when the table of kinds is not the one in docs/compat.md"""
import json
import pathlib
import sys

import run
import transcript
from client import ROOT, Cluster, Stint

DOCUMENT = ROOT / "docs/compat.md"
RESULTS = ROOT / "test/conformance/results"  # a line each: passed, failed or not run; a tab; the test's name
FORMATS = (("JSON", "application/json"), ("YAML", "application/yaml"), ("protobuf", "application/vnd.kubernetes.protobuf"))
PATCHES = (("JSON patch", "json-patch+json"), ("merge patch", "merge-patch+json"), ("strategic merge", "strategic-merge-patch+json"),
           ("server-side apply", "apply-patch+yaml"))


def get(cluster, path, accept="application/json"):
    status, headers, body = cluster.request("GET", path, {"Accept": accept})
    return status, headers.get("Content-Type", ""), body


def document(cluster, path):
    status, _, body = get(cluster, path)
    if status != 200:
        raise RuntimeError(f"{path}: {status}")
    return json.loads(body)


def group_versions(cluster):
    yield "api/v1"
    for group in document(cluster, "/apis")["groups"]:
        yield from (f"apis/{version['groupVersion']}" for version in group["versions"])


def formats_of(cluster, path, resource):
    """The formats in which the server really answers a list; for kinds that are only made, none can be asked for."""
    if "list" not in resource["verbs"]:
        return "–"
    answers = [(name, get(cluster, f"/{path}/{resource['name']}", accept)) for name, accept in FORMATS]
    return ", ".join(name for (name, (status, content_type, _)), (_, accept) in zip(answers, FORMATS) if status == 200 and content_type.startswith(accept))


def patches_of(openapi, resource):
    for path, operations in openapi["paths"].items():
        if "patch" in operations and path.endswith(f"/{resource['name']}/{{name}}"):
            content = operations["patch"]["requestBody"]["content"]
            return ", ".join(name for name, accept in PATCHES if f"application/{accept}" in content)
    return "–"


def kind_table(cluster):
    lines = ["| group and version | resource | kind | verbs | answers in | patches | subresources |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for path in group_versions(cluster):
        resources = document(cluster, f"/{path}")["resources"]
        openapi = document(cluster, f"/openapi/v3/{path}")
        for resource in resources:
            if "/" in resource["name"]:
                continue
            below = [r["name"].split("/", 1)[1] for r in resources if r["name"].startswith(resource["name"] + "/")]
            cells = [path.split("/", 1)[1], resource["name"], resource["kind"], ", ".join(resource["verbs"]), formats_of(cluster, path, resource),
                     patches_of(openapi, resource), ", ".join(below) or "–"]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def differences_text():
    known = run.read_differences()
    decided = {name: reason for name, reason in known.items() if reason != run.PENDING}
    waiting = [name for name, reason in known.items() if reason == run.PENDING]
    total = len(transcript.read_all())
    lines = [f"{total - len(known)} of {total} transcripts in `test/transcripts` agree with upstream. {len(decided)} differ for a reason, {len(waiting)} are not mended yet.", ""]
    lines += ["| transcript | why |", "| --- | --- |", *[f"| {name} | {reason} |" for name, reason in decided.items()], ""] if decided else []
    return "\n".join(lines + (["Not mended yet:", "", *[f"- {name}" for name in waiting], ""] if waiting else []))


def conformance_text():
    if not RESULTS.exists():
        return "Not run yet.\n"
    rows = [line.split("\t", 1) for line in RESULTS.read_text().splitlines() if "\t" in line]
    counts = ", ".join(f"{sum(1 for result, _ in rows if result == one)} {one}" for one in ("passed", "failed", "not run"))
    return "\n".join([counts + ".", "", "| result | test |", "| --- | --- |", *[f"| {result} | {name.replace('|', chr(92) + '|')} |" for result, name in rows], ""])


STREAMS = """`pods/exec` and `pods/attach` are served over WebSockets (`v5.channel.k8s.io` down to `channel.k8s.io`, and the base64 ones) and over SPDY/3.1 (`v4.channel.k8s.io`
down to `channel.k8s.io`), `pods/portforward` over SPDY/3.1, plain or through a WebSocket, and over `v4.channel.k8s.io`: so by every kubectl, new and old, and the
libraries that speak any of them. A session with a container whose input is for one session (`stdinOnce`) does not outlive a restart of stint, nor does that input.
`pods/proxy` passes answers on piece by piece, and upgrades; the body of a request is read whole first, and may have what any other may have. Links in HTML pages
are not rewritten as upstream does; redirections are. `services/proxy` is not served.
"""


JOBS = """Decided otherwise, with the reasons in `docs/adr/0013-where-jobs-differ.md`: ends of pods are acted on at once and not after a second; a Job that ends while it is
suspended gets its terminal condition; an Indexed Job with a success policy needs completions and is refused without; a refused creation of a pod counts in the
metrics as failed only. And in `docs/adr/0020-where-cronjobs-differ.md`: a run that the status forgot is put there again, and so blocks the next under `Forbid`;
`status.nextScheduleTime` is kept; a clock that was set is noticed within half a minute.
"""


NODE = """On a node: `hostUsers: false` is refused in the words of a runtime without user namespaces, since that needs mounts with mapped ids, for the root file system too, which runc of
Debian 12 does not make and stint's way with crun does not either; hugepages are no resource of a node. A pod that AppArmor is to confine is refused (`AppArmor`), as by a node
without it; `seLinuxOptions` are checked and have no effect, as on a node without SELinux. `nodes/proxy` answers GET alone, and of its own node shows `metrics`, `metrics/cadvisor`,
`metrics/resource`, `stats/summary` and `healthz`.
"""


def whole_text(table):
    return "\n".join(["# How stint compares with upstream 1.37", "", "`./dev compat` writes this file: do not edit it.", "", "## What is served", "", table, "", STREAMS,
                      "## What differs", "", JOBS, NODE, differences_text(), "## Conformance tests", "", conformance_text()])


def main(arguments):
    stint = Stint()
    try:
        table = kind_table(Cluster(stint.kubeconfig, stint.token))
    finally:
        stint.close()
    if arguments == ["--check"]:
        fresh = DOCUMENT.exists() and table in DOCUMENT.read_text()
        if not fresh:
            print("docs/compat.md does not show what is served: run ./dev compat", file=sys.stderr)
        return 0 if fresh else 1
    DOCUMENT.write_text(whole_text(table))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
