"""What pods cost that only wait: memory and processor time of the server, the monitors and the containers together."""
import json
import os
import pathlib
import re
import time

PODS = 200
WATCHED_S = 20
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def job():
    container = {"name": "c", "image": "busybox", "imagePullPolicy": "Never", "command": ["sleep", "3600"]}
    pod = {"restartPolicy": "Never", "terminationGracePeriodSeconds": 0, "automountServiceAccountToken": False, "containers": [container]}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "sleepers"},
            "spec": {"completions": PODS, "parallelism": PODS, "template": {"spec": pod}}}


def monitors(server):
    """The conmon processes of this server's containers."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"conmon") and any(str(server.dir).encode() in word for word in words):
            found.append(int(entry.name))
    return found


def memory_kib(pid, field):
    return int(re.search(rf"^{field}:\s+(\d+)", pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M).group(1))


def cpu_s(pids):
    ticks = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS_PER_S


def measure_sleepers(server_class, runtime, table):
    server = server_class(runtime=runtime)
    try:
        server.start()
        own = server.process.pid
        before = memory_kib(own, "Pss")
        server.kubectl("apply", "-f", "-", input=json.dumps(job()))
        server.kubectl("wait", "--for=jsonpath={.status.ready}=" + str(PODS), "job/sleepers", "--timeout=300s", timeout=330)
        grown = memory_kib(own, "Pss") - before
        conmons, containers = monitors(server), server.container_processes()
        assert len(conmons) == PODS and len(containers) == PODS, (len(conmons), len(containers))
        # Pss: a page that several share counts once in all.
        shared = {name: sum(memory_kib(pid, "Pss") for pid in pids) / PODS / 1024 for name, pids in (("conmon", conmons), ("its process", containers))}
        everybody = [own, *conmons, *containers]
        begin = cpu_s(everybody)
        time.sleep(WATCHED_S)
        busy = (cpu_s(everybody) - begin) / WATCHED_S
        table.add(f"memory of each of {PODS} pods that sleep", grown / PODS / 1024 + sum(shared.values()), "MiB", 2)
        table.add("  of which the server's", grown / PODS / 1024, "MiB")
        for name, mib in shared.items():
            table.add(f"  {name}", mib, "MiB")
        table.add("processor time that all of them take", 100 * busy, "% core", 1)
    finally:
        server.close()
