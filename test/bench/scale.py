#!/usr/bin/env python3
"""Measures how a built stint bears many pods: one Indexed Job of --completions at --parallelism, then --jobs Jobs of one pod, through the
real server, SQLite and a client of its own, with the fake runtime, whose containers end at once; and what one pod's status update costs the
Job controller in Jobs of 10, 1,000 and 100,000 pods, in instructions (needs valgrind). Nothing passes or fails here.

usage: ./dev bench scale [--stint PATH] [--completions N] [--parallelism N] [--jobs N] [--only indexed|jobs|instructions] [--json FILE]"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from api_client import ApiClient
from run import ROOT, Table

JOBS = "/apis/batch/v1/namespaces/default/jobs"
CREATORS = 2
POLL_S = 0.2
WAIT_MAX_S = 1800
PODS_MAX_DEFAULT = 500
# Everything the Job controller does in the turn of the loop that shows it one more finished pod, its writes to the client included.
JOB_SIZES = (10, 1_000, 100_000)


def job_body(name, completions, parallelism):
    container = {"name": "c", "image": "busybox", "imagePullPolicy": "Never", "command": ["true"]}
    # No token: its volume is a file system to mount for each pod, which is the node's work and not what is measured here.
    pod = {"restartPolicy": "Never", "automountServiceAccountToken": False, "containers": [container]}
    spec = {"completions": completions, "parallelism": parallelism, "template": {"spec": pod}}
    if completions > 1:
        spec["completionMode"] = "Indexed"
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec}


class Memory:
    """Resident memory of the server, in MiB: now and at its highest."""

    def __init__(self, server):
        self.path = pathlib.Path(f"/proc/{server.process.pid}/status")

    def read(self, field):
        return int(re.search(rf"{field}:\s+(\d+)", self.path.read_text()).group(1)) / 1024


def cpu_s(server):
    fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def look_until(deadline, what):
    """Sleeps between looks; ends the program when there have been too many."""
    if time.monotonic() > deadline:
        sys.exit(f"bench: {what} has not ended after {WAIT_MAX_S} s")
    time.sleep(POLL_S)


def wait_complete(client, name):
    deadline = time.monotonic() + WAIT_MAX_S
    while True:
        job = client.call("GET", f"{JOBS}/{name}")
        types = {c["type"] for c in job["status"].get("conditions", []) if c["status"] == "True"}
        if "Failed" in types:
            sys.exit(f"bench: job {name} failed: {job['status']}")
        if "Complete" in types:
            return job
        if "-v" in sys.argv:
            print({k: v for k, v in job["status"].items() if isinstance(v, int)}, flush=True)
        look_until(deadline, f"job {name}")


def measure_indexed(server, arguments, table):
    client, memory = ApiClient(server.kubeconfig), Memory(server)
    before, cpu = memory.read("VmRSS"), cpu_s(server)
    begin = time.perf_counter()
    client.call("POST", JOBS, job_body("indexed", arguments.completions, arguments.parallelism))
    job = wait_complete(client, "indexed")
    took = time.perf_counter() - begin
    assert job["status"]["succeeded"] == arguments.completions, job["status"]
    name = f"Indexed Job of {arguments.completions:,}, {arguments.parallelism:,} at a time"
    table.add(name, arguments.completions / took, "pods/s", 1000, at_least=True)
    table.add("  the server's processor time for each pod", (cpu_s(server) - cpu) * 1e6 / arguments.completions, "µs")
    table.add("  resident memory at its highest", memory.read("VmHWM"), "MiB")
    table.add("  resident memory at the end", memory.read("VmRSS"), "MiB")
    table.add("  the same for each pod of the Job", (memory.read("VmRSS") - before) * 1024 / arguments.completions, "KiB")


def create_jobs(kubeconfig, names):
    client = ApiClient(kubeconfig)
    for name in names:
        client.call("POST", JOBS, job_body(name, 1, 1))


def measure_jobs(server, arguments, table):
    client, memory = ApiClient(server.kubeconfig), Memory(server)
    names = [f"one-{i}" for i in range(arguments.jobs)]
    before, cpu = memory.read("VmRSS"), cpu_s(server)
    begin = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(CREATORS) as pool:
        for creator in [pool.submit(create_jobs, server.kubeconfig, names[i::CREATORS]) for i in range(CREATORS)]:
            creator.result()
    created = time.perf_counter() - begin
    deadline = time.monotonic() + WAIT_MAX_S
    while client.call("GET", f"{JOBS}?fieldSelector=status.successful%3D0&limit=1")["items"]:
        look_until(deadline, "a Job")
    wait_complete(client, names[-1])
    took = time.perf_counter() - begin
    table.add(f"{arguments.jobs:,} Jobs of one pod, create to Complete", arguments.jobs / took, "Jobs/s", 500, at_least=True)
    table.add("  of which the creations", arguments.jobs / created, "Jobs/s")
    table.add("  the server's processor time for each Job", (cpu_s(server) - cpu) * 1e6 / arguments.jobs, "µs")
    table.add("  resident memory at the end, for each Job", (memory.read("VmRSS") - before) * 1024 / arguments.jobs, "KiB")


def with_server(measure, arguments, table):
    from stint_server import Server, link_or_copy, test_images
    room = ["--max-pods", str(arguments.parallelism)] if arguments.parallelism > PODS_MAX_DEFAULT else []
    server = Server(images=False, runtime="fake", arguments=room)
    link_or_copy(test_images() / "busybox.tar", server.image_dir)
    try:
        server.start()
        measure(server, arguments, table)
    finally:
        server.discard()


def measure_instructions(program, table):
    for shape in ("finished", "running"):
        costs = {}
        for size in JOB_SIZES:
            with tempfile.TemporaryDirectory(prefix="stint-bench-") as scratch:
                result = subprocess.run(
                    ["valgrind", "--tool=callgrind", "--collect-atstart=no", "--toggle-collect=show_one_more_finished_pod",
                     f"--callgrind-out-file={scratch}/out", program, shape, str(size)], capture_output=True, text=True)
            found = re.search(r"Collected\s*:\s*(\d+)", result.stderr)
            if result.returncode != 0 or found is None:
                sys.exit(f"bench: {result.stderr}")
            costs[size] = int(found.group(1))
            table.add(f"one pod's end in a Job of {size:,}, others {shape}", costs[size] / 1000, "k instr.")
        table.add(f"  {JOB_SIZES[-1]:,} against {JOB_SIZES[0]}", costs[JOB_SIZES[-1]] / costs[JOB_SIZES[0]], "times", 1.2)


def parse_arguments():
    parser = argparse.ArgumentParser(description="Measures how a built stint bears many pods.")
    parser.add_argument("--stint", default=str(ROOT / "build/release/stint"), help="the program to measure (default: build/release/stint)")
    parser.add_argument("--completions", type=int, default=100_000)
    parser.add_argument("--parallelism", type=int, default=1_000)
    parser.add_argument("--jobs", type=int, default=10_000, help="Jobs of one pod")
    parser.add_argument("--only", choices=["indexed", "jobs", "instructions"], help="one of the measures (default: all)")
    parser.add_argument("--json", help="a file for the figures")
    parser.add_argument("-v", action="store_true", help="print the status of the Job as it goes on")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    os.environ["STINT"] = os.path.abspath(arguments.stint)
    sys.path.insert(0, str(ROOT / "test/e2e"))
    table = Table()
    if arguments.only in (None, "instructions"):
        measure_instructions(pathlib.Path(arguments.stint).with_name("stint_bench_job_sync"), table)
    if arguments.only in (None, "indexed"):
        with_server(measure_indexed, arguments, table)
    if arguments.only in (None, "jobs"):
        with_server(measure_jobs, arguments, table)
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps({"stint": arguments.stint, "figures": table.rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
