"""A stint server of its own for end-to-end tests: started on a free loopback port in a temporary directory, driven by a real
kubectl, gone without a trace afterwards. Needs root for real containers."""
import atexit
import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
STINT = os.environ.get("STINT", str(ROOT / "build" / os.environ.get("PRESET", "dev") / "stint"))


def kubectl_path(version=None):
    command = [str(ROOT / "test/kubectl")] + ([str(version)] if version else [])
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def wait_until(condition, timeout_s, what):
    """The first true value of condition(); fails the test with `what` after timeout_s."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s} s: {what}")
        time.sleep(0.05)


def why_no_containers():
    """Why this machine can run no real containers; "" if it can."""
    if os.geteuid() != 0:
        return "real containers need root"
    result = subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "true"], capture_output=True, text=True)
    return f"root may make no namespaces here: {result.stderr.strip()}" if result.returncode != 0 else ""


def instance_of(data_dir):
    """What a server's links, groups and run directory are called after."""
    return hashlib.sha256(os.path.realpath(data_dir).encode()).hexdigest()[:12]


def free_port():
    """A port that is still this server's when it starts again: outside the range from which the kernel takes ports for others' connections."""
    low = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(10_000, low)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


class Server:
    def __init__(self, images=True, runtime="crun", kubectl=None, arguments=()):
        if runtime != "fake" and (reason := why_no_containers()):
            raise unittest.SkipTest(reason)
        self.dir = tempfile.mkdtemp(prefix="stint-e2e-")
        self.kubeconfig = f"{self.dir}/kubeconfig"
        self.runtime = runtime
        self.arguments = arguments  # more of them for `stint serve`
        self.kubectl_binary = kubectl or kubectl_path()
        self.process = None
        self.spawned = []
        atexit.register(self.close)  # when a suite is interrupted, no cleanup of its own is run
        self.listen = f"127.0.0.1:{free_port()}"
        self.log = open(f"{self.dir}/server.log", "ab")
        os.mkdir(f"{self.dir}/home")
        self.image_dir = f"{self.dir}/image-files"
        os.mkdir(self.image_dir)
        if images:
            for archive in test_images().glob("*.tar"):
                link_or_copy(archive, self.image_dir)

    def start(self):
        self.process = subprocess.Popen(
            self.command(),
            stdout=subprocess.PIPE, stderr=self.log, text=True, start_new_session=True, umask=0o077)  # as a hardened root has it
        line = self.process.stdout.readline()
        if "ready" not in line:
            self.process.wait()
            self.process.stdout.close()
            raise AssertionError(f"stint did not start: {line!r}\n{self.log_text()}")
        self.url = re.search(r"https://\S+", line).group(0)
        self.listen = self.url.removeprefix("https://")
        return self

    def command(self):
        return [STINT, "serve", "--data-dir", f"{self.dir}/data", "--listen", self.listen, "--kubeconfig", self.kubeconfig,
                "--image-dir", self.image_dir, "--runtime", self.runtime, *self.arguments]

    def log_text(self):
        return pathlib.Path(f"{self.dir}/server.log").read_text(errors="replace")

    def kill(self):
        """kill -9, as a crash would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        """SIGTERM; a sanitizer's finding, a leak among them, shows in how the server ends."""
        if not self.process:
            return
        was_alive = self.process.poll() is None
        if was_alive:
            self.process.terminate()
            self.process.wait(timeout=60)
        self.process.stdout.close()
        if was_alive and self.process.returncode != 0:
            raise AssertionError(f"stint ended with {self.process.returncode}\n{self.log_text()[-5000:]}")

    def close(self):
        """Deletes every pod's namespace, stops, and removes the directory; says what stayed behind."""
        atexit.unregister(self.close)
        for process in self.spawned:
            if process.poll() is None:
                process.kill()
                process.wait()
        if self.process is None:
            self.log.close()
            shutil.rmtree(self.dir, ignore_errors=True)
            return
        if self.process.poll() is not None:
            self.start()
        names = [n for n in self.kubectl("get", "ns", "-o", "name").split() if not re.search(r"/(default|kube-.*)$", n)]
        if names:
            self.kubectl("delete", *names, "--timeout=90s")
        self.kubectl("delete", "cronjobs,jobs,pods", "--all", "-n", "default", "--timeout=90s")
        self.stop()
        left = self.leftovers()
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)
        if left:
            raise AssertionError("left behind: " + ", ".join(left))

    def discard(self):
        """Kills it and removes the directory. Only with the fake runtime, where nothing but volumes is left."""
        assert self.runtime == "fake"
        atexit.unregister(self.close)
        self.kill()
        mounts = [line.split()[1] for line in pathlib.Path("/proc/mounts").read_text().splitlines() if line.split()[1].startswith(f"{self.dir}/")]
        for mount in mounts:
            subprocess.run(["umount", mount], check=True)
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def leftovers(self):
        """Processes, mounts and cgroups that name this server's directory."""
        left = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if self.dir in command and int(pid) != os.getpid() and "stint-e2e" in command:
                left.append(f"process {pid}: {command[:120]}")
        with open("/proc/mounts") as mounts:
            left += [f"mount {line.split()[1]}" for line in mounts if self.dir in line or f"/run/stint/{self.instance()}" in line]
        with os.scandir("/sys/class/net") as links:
            left += [f"link {link.name}" for link in links if self.instance()[:8] in link.name]
        left += [f"cgroup {path}" for path in self.cgroups()]
        if os.path.exists(f"/run/stint/{self.instance()}"):
            left.append(f"/run/stint/{self.instance()}")
        return left

    def instance(self):
        return instance_of(f"{self.dir}/data")

    def cgroups(self):
        """This server's control groups: one with cgroup v2, one in each hierarchy with v1."""
        name = "stint-" + self.instance()
        root = pathlib.Path("/sys/fs/cgroup")
        return [path for path in (root / name, *root.glob("*/" + name)) if path.exists()]

    def container_processes(self):
        """Process ids in this server's control groups."""
        pids = set()
        for group in self.cgroups():
            for directory, _, _ in os.walk(group):  # passes over what is gone meanwhile; Path.glob would not
                try:
                    pids.update(pathlib.Path(directory, "cgroup.procs").read_text().split())
                except OSError:
                    continue
        return pids

    def run(self, *arguments, input=None, timeout=120):
        environment = dict(os.environ, KUBECONFIG=self.kubeconfig, HOME=f"{self.dir}/home")
        return subprocess.run([self.kubectl_binary, *arguments], input=input, capture_output=True, text=True, env=environment, timeout=timeout)

    def kubectl(self, *arguments, input=None, timeout=120):
        result = self.run(*arguments, input=input, timeout=timeout)
        if result.returncode != 0:
            raise AssertionError(f"kubectl {' '.join(arguments)}: exit {result.returncode}\n{result.stdout}{result.stderr}\n{self.log_text()[-3000:]}")
        return result.stdout

    def json(self, *arguments):
        return json.loads(self.kubectl(*arguments, "-o", "json"))

    def spawn(self, *arguments, **options):
        environment = dict(os.environ, KUBECONFIG=self.kubeconfig, HOME=f"{self.dir}/home")
        process = subprocess.Popen([self.kubectl_binary, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, **options)
        self.spawned.append(process)
        return process


class KeyValue:
    """stint keyvalue on an address that containers reach."""

    def __init__(self, directory, listen="127.0.0.1:0"):
        self.process = subprocess.Popen([STINT, "keyvalue", "--data-dir", directory, "--listen", listen], stdout=subprocess.PIPE, text=True,
                                        start_new_session=True)
        atexit.register(self.close)
        line = self.process.stdout.readline()
        self.url = re.search(r"http://\S+", line).group(0)
        self.port = int(self.url.rsplit(":", 1)[1])

    def call(self, method, path):
        """(HTTP status, body)."""
        out = subprocess.run(["curl", "-s", "-X", method, "-d", "", "-w", "\n%{http_code}", self.url + path] if method == "POST"
                             else ["curl", "-s", "-w", "\n%{http_code}", self.url + path], capture_output=True, text=True, check=True).stdout
        body, code = out.rsplit("\n", 1)
        return int(code), body

    def close(self):
        atexit.unregister(self.close)
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


def link_or_copy(file, folder):
    try:
        os.link(file, f"{folder}/{file.name}")
    except OSError:  # another file system, or the same one under another mount
        shutil.copy(file, folder)


def test_images():
    """The folder of small image archives, made once, by whichever suite comes first."""
    folder = ROOT / ".cache/images"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "bash.tar").exists():
            subprocess.run([str(ROOT / "test/images"), str(folder)], check=True, stdout=subprocess.DEVNULL)
    return folder
