#!/usr/bin/env python3
"""Measures a built stint against its targets and prints a table; with --json also a file. Figures of one machine are comparable only within
one run, so what depends on the machine is a ratio to a bare `crun run` in the same run. Nothing passes or fails here.

usage: ./dev bench [--stint PATH] [--runtime crun|fake] [--runs N] [--kbench PATH] [--json FILE]"""
import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
STARTS = 5
IDLE_S = 5
FAN_OUT, PARALLELISM = 40, 10
FLOOR_AT_ONCE = 4  # as many as a bare crun gains from here


class Table:
    """Rows of a name, a figure, and how it compares with its target."""

    def __init__(self):
        self.rows = []

    def add(self, name, value, unit, target=None, at_least=False):
        met = None if target is None else (value >= target if at_least else value <= target)
        self.rows.append({"measure": name, "value": round(value, 3), "unit": unit, "target": target, "met": met})
        goal = "" if target is None else f"{'≥' if at_least else '≤'} {target:g} {unit}"
        verdict = {None: "", True: "ok", False: "under" if at_least else "over"}[met]
        print(f"{name:<52} {value:>9.1f} {unit:<8} {goal:<14} {verdict}", flush=True)


def measure_starts(server_class, runtime, table):
    times = []
    for _ in range(STARTS):
        server = server_class(images=False, runtime=runtime)
        begin = time.perf_counter()
        server.start()  # returns with the line that says it is ready
        times.append((time.perf_counter() - begin) * 1000)
        if len(times) == STARTS:
            time.sleep(IDLE_S)
            status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
            resident = int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024
        server.close()
    table.add(f"start until ready, empty data directory, p50 of {STARTS}", statistics.median(times), "ms", 300)
    table.add(f"resident memory, {IDLE_S} s after that", resident, "MiB", 40)


def measure_floor(runs, archive):
    """Milliseconds of a bare `crun run`, p50."""
    out = subprocess.run([sys.executable, str(HERE / "floor.py"), str(runs), str(archive)], check=True, capture_output=True, text=True).stdout
    return statistics.median(float(line) for line in out.split()) * 1000


def measure_floor_at_once(archive):
    """Containers a second of bare `crun run`s beside each other."""
    words = [sys.executable, str(HERE / "floor.py"), str(FAN_OUT), str(archive), str(FLOOR_AT_ONCE)]
    return FAN_OUT / float(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def jobs_by_own_client(kubeconfig, runs):
    """Milliseconds of each single Job, seconds of the fan-out."""
    from api_client import ApiClient, run_job
    client = ApiClient(kubeconfig)
    run_job(client, "warm", "busybox")
    times = []
    for run in range(runs):
        begin = time.perf_counter()
        run_job(client, f"one-{run}", "busybox")
        times.append((time.perf_counter() - begin) * 1000)
    begin = time.perf_counter()
    run_job(client, "many", "busybox", FAN_OUT, PARALLELISM)
    return statistics.median(times), time.perf_counter() - begin


def jobs_by_kbench(kbench, kubeconfig, runs):
    measures = [f"latency:{runs}", f"fanout:{FAN_OUT}/{PARALLELISM}"]
    out = subprocess.run([kbench, "-kubeconfig", kubeconfig, *measures], check=True, capture_output=True, text=True).stdout
    latency, fan_out = (json.loads(line) for line in out.splitlines())
    return latency["job_create_to_complete_ms_p50"], fan_out["complete_s"]


def measure_jobs(server_class, arguments, archive, table):
    server = server_class(runtime=arguments.runtime)
    try:
        server.start()
        half = max(arguments.runs // 2, 1)
        floor = measure_floor(half, archive)
        if arguments.kbench:
            single, fan_out = jobs_by_kbench(arguments.kbench, server.kubeconfig, arguments.runs)
        else:
            single, fan_out = jobs_by_own_client(server.kubeconfig, arguments.runs)
        floor = (floor + measure_floor(half, archive)) / 2
        floor_at_once = measure_floor_at_once(archive)
    finally:
        server.close()
    table.add(f"one Job of `true`, create to Complete, p50 of {arguments.runs}", single, "ms")
    table.add(f"bare crun run of the same, p50 of {half * 2}", floor, "ms")
    table.add("the one against the other", single / floor, "times", 4)
    table.add(f"one Job of {FAN_OUT} pods, {PARALLELISM} at a time", FAN_OUT / fan_out, "pods/s", 25, at_least=True)
    table.add(f"bare crun run of {FAN_OUT}, {FLOOR_AT_ONCE} at a time", floor_at_once, "pods/s")
    table.add("the one against the other", FAN_OUT / fan_out / floor_at_once, "times", 0.5, at_least=True)


def measure_size(stint, table):
    with tempfile.NamedTemporaryFile(prefix="stint-bench-") as stripped:
        subprocess.run(["strip", "-o", stripped.name, stint], check=True)
        table.add("the program, stripped", os.path.getsize(stripped.name) / 2**20, "MiB", 30)


def parse_arguments():
    parser = argparse.ArgumentParser(description="Measures a built stint against its targets.")
    parser.add_argument("--stint", default=str(ROOT / "build/release/stint"), help="the program to measure (default: build/release/stint)")
    parser.add_argument("--runtime", default="crun", choices=["crun", "runc", "fake"])
    parser.add_argument("--runs", type=int, default=30, help="single Jobs to time")
    parser.add_argument("--kbench", default=os.environ.get("KBENCH"), help="a kbench program to use as the client (default: $KBENCH, else our own)")
    parser.add_argument("--json", help="a file for the figures")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    if not os.access(arguments.stint, os.X_OK):
        sys.exit(f"bench: {arguments.stint} is not built: PRESET=release ./dev build stint")
    os.environ["STINT"] = os.path.abspath(arguments.stint)
    sys.path.insert(0, str(ROOT / "test/e2e"))
    from logs import measure_logs
    from sleepers import measure_sleepers
    from stint_server import Server, test_images
    table = Table()
    measure_size(arguments.stint, table)
    measure_starts(Server, arguments.runtime, table)
    measure_jobs(Server, arguments, test_images() / "busybox.tar", table)
    if arguments.runtime != "fake":
        measure_logs(Server, arguments.runtime, table)
        measure_sleepers(Server, arguments.runtime, table)
    if arguments.json:
        report = {"stint": arguments.stint, "runtime": arguments.runtime, "client": arguments.kbench or "own", "figures": table.rows}
        pathlib.Path(arguments.json).write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
