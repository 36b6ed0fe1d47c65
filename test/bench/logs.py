"""How fast one container's output gets into its log, and what reading a long log costs the server."""
import json
import pathlib
import re
import subprocess
import time

MIB = 2**20
WRITTEN_MIB = 400
READ_MIB = 100


def pod(name, script):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
            "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1,
                     "containers": [{"name": "main", "image": "busybox", "imagePullPolicy": "Never", "command": ["sh", "-c", script]}]}}


def memory_kib(pid, name):
    return int(re.search(rf"{name}:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1))


def log_of(server, name):
    return next(pathlib.Path(f"{server.dir}/data/logs").glob(f"default_{name}_*/main/0.log"))


def run(server, name, script):
    server.kubectl("apply", "-f", "-", input=json.dumps(pod(name, script)))
    server.kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", f"pod/{name}", "--timeout=120s")


def throughput(server):
    """MiB/s of text, in lines of 120 characters, from the first byte in the file to the last."""
    server.kubectl("apply", "-f", "-", input=json.dumps(pod("fast", f"yes {'x' * 119} | head -c {WRITTEN_MIB * MIB}")))
    size, begin, end = 0, None, time.perf_counter()
    while begin is None or time.perf_counter() - end < 1:
        try:
            now = log_of(server, "fast").stat().st_size
        except StopIteration:
            now = 0
        if now > size:
            end = time.perf_counter()
            begin = begin or end
        size = now
        time.sleep(0.002)
    server.kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/fast", "--timeout=60s")
    return WRITTEN_MIB / (end - begin)


def reading(server):
    """(MiB that the server's memory rises by, MiB/s of text) while kubectl reads a long log."""
    run(server, "long", f"yes {'x' * 119} | head -c {READ_MIB * MIB}")
    environment = {"KUBECONFIG": server.kubeconfig, "HOME": f"{server.dir}/home", "PATH": "/usr/bin:/bin"}
    read = lambda *more: subprocess.run([server.kubectl_binary, "logs", "long", *more], env=environment, stdout=subprocess.PIPE, check=True).stdout
    read("--tail=1000")  # what any first request brings with it does not count
    pid = server.process.pid
    before = memory_kib(pid, "VmRSS")
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak is counted from here
    begin = time.perf_counter()
    assert len(read()) == READ_MIB * MIB
    return (memory_kib(pid, "VmHWM") - before) / 1024, READ_MIB / (time.perf_counter() - begin)


def measure_logs(server_class, runtime, table):
    server = server_class(runtime=runtime, arguments=["--container-log-max-size", "10Gi"])
    try:
        server.start()
        table.add("output of one container into its log", throughput(server), "MiB/s", 100, at_least=True)
        rise, speed = reading(server)
        table.add(f"memory that reading a log of {READ_MIB} MiB takes", rise, "MiB", 8)
        table.add("reading it with kubectl", speed, "MiB/s")
    finally:
        server.close()
