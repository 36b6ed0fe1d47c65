"""Runs upstream's own conformance tests, those within what stint is for, against a fresh server; keeps each result in `results`.

usage: run.py [--build PRESET] [--all] [GREP]     GREP: a regular expression that picks lines of the list; without one, those of the API's own groups

The yardstick beside this repository (../shared/upstream) has the list, the runner and the images; e2e.test and agnhost must be built in
$UPSTREAM/bin (~/.cache/upstream-1.37/bin). A line of `results` is 'passed|failed<TAB>name'; lines that were not run stay as they were."""
import argparse
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE.parent / "e2e"), str(HERE.parent / "clients")]

import agnhost_image  # noqa: E402
import install  # noqa: E402
import nonewprivs_image  # noqa: E402

YARDSTICK = ROOT.parent / "shared/upstream"
OUT = ROOT / "build/conformance"
RESULTS = HERE / "results"
OURS = r"^\[sig-(api-machinery|cli|instrumentation|auth)\]|\] (Lease|PodTemplates|Node Lifecycle|LimitRange|PriorityClass)\b|PriorityClass endpoints"


def images():
    """The folder of the images that the tests name, made once."""
    folder = OUT / "images"
    if not (folder / "busybox.tar").exists() or ((install.UPSTREAM / "bin/agnhost").exists() and not (folder / "agnhost.tar").exists()):
        subprocess.run([str(YARDSTICK / "images"), str(folder)], check=True, stdout=subprocess.DEVNULL)
    if not (folder / "nonewprivs.tar").exists():
        nonewprivs_image.make(folder / "nonewprivs.tar")
        if (folder / "agnhost.tar").exists():
            agnhost_image.complete(folder / "agnhost.tar", folder / "agnhost.new", install.UPSTREAM / "bin/agnhost")
            (folder / "agnhost.new").rename(folder / "agnhost.tar")
    return folder


def outcomes(report, names):
    """{name: 'passed' or 'failed'} of the tests that ran; {name: why} of those that failed."""
    found, why = {}, {}
    for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
        title = case.get("name").removeprefix("[It] ")
        name = next((n for n in names if title.startswith(n)), None)
        if name is None or case.get("status") in ("skipped", "pending"):
            continue
        trouble = case.find("failure")
        trouble = case.find("error") if trouble is None else trouble
        found[name] = "passed" if trouble is None else "failed"
        if trouble is not None:
            why[name] = " ".join((trouble.get("message") or trouble.text or "").split())[:400]
    return found, why


def merge(found):
    results = dict(reversed(line.split("\t", 1)) for line in RESULTS.read_text().splitlines()) if RESULTS.exists() else {}
    results.update(found)
    RESULTS.write_text("".join(f"{results[name]}\t{name}\n" for name in sorted(results)))


def run(server, names):
    """The outcomes of the tests named. One that ends the whole suite by a panic is found by halving."""
    shutil.rmtree(OUT / "run", ignore_errors=True)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as chosen:
        chosen.write("\n".join(names) + "\n")
        chosen.flush()
        environment = dict(os.environ, HOME=f"{server.dir}/home", UPSTREAM=str(install.UPSTREAM))
        subprocess.run([str(YARDSTICK / "e2e"), server.kubeconfig, chosen.name, str(OUT / "run")], env=environment,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(OUT / "log.txt", "a") as log:
        log.write((OUT / "run/log.txt").read_text())
    if (OUT / "run/junit.xml").exists():
        return outcomes(OUT / "run/junit.xml", names)
    if len(names) == 1:
        return {names[0]: "failed"}, {names[0]: "the suite died; see log.txt"}
    halves = [run(server, names[:len(names) // 2]), run(server, names[len(names) // 2:])]
    return {**halves[0][0], **halves[1][0]}, {**halves[0][1], **halves[1][1]}


def play(names):
    """Starts a server with the images, runs the tests named, and returns their outcomes."""
    from stint_server import Server, link_or_copy  # it reads which build to use when it is loaded
    (OUT / "log.txt").write_text("")
    server = Server(images=False)
    for archive in images().glob("*.tar"):
        link_or_copy(archive, f"{server.image_dir}/{archive.name}")
    server.start()
    try:
        return run(server, names)
    finally:
        shutil.copy(f"{server.dir}/server.log", OUT / "server.log")
        server.close()


def main():
    parser = argparse.ArgumentParser(prog="./dev conformance")
    parser.add_argument("--build", default="dev", help="the preset whose build is tested")
    parser.add_argument("--all", action="store_true", help="every line of the list")
    parser.add_argument("grep", nargs="?", default=OURS)
    options = parser.parse_args()
    if not (install.UPSTREAM / "bin/agnhost").exists():
        print(f"conformance: no agnhost in {install.UPSTREAM}/bin: tests that run it will fail", file=sys.stderr)
    for need in (YARDSTICK / "conformance.txt", install.UPSTREAM / "bin/e2e.test"):
        if not need.exists():
            print(f"conformance: {need} is missing; the yardstick's build makes what is in {install.UPSTREAM}/bin", file=sys.stderr)
            return 2
    os.environ.setdefault("STINT", str(ROOT / "build" / options.build / "stint"))
    names = [line.strip() for line in (YARDSTICK / "conformance.txt").read_text().splitlines() if line.strip()]
    names = [name for name in names if options.all or re.search(options.grep, name)]
    if not names:
        print(f"conformance: no test's name matches {options.grep!r}", file=sys.stderr)
        return 2
    OUT.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the server is closed then, too
    found, why = play(names)
    merge(found)
    for name in names:
        if name not in found:
            print(f"did not run: {name}")
        elif found[name] == "failed":
            print(f"failed: {name}\n    {why[name]}")
    passed = sum(outcome == "passed" for outcome in found.values())
    print(f"{passed} passed, {len(names) - passed} failed")
    return 0 if passed == len(names) else 1


if __name__ == "__main__":
    sys.exit(main())
