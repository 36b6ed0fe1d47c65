"""Another machine, as far as a kernel can make one of itself: namespaces of its own for network, mounts and processes, upstream's containerd
and kubelet in them, and a registry that it pulls from. Everything in it ends with its first process."""
import json
import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile
import time

HOST, NODE = "10.213.7.1", "10.213.7.2"  # both ends of the wire between the machines
PODS = "10.213.8.0/24"
# What its programs write outside the directories that they are given.
OWN_PLACES = ["/run/containerd", "/run/netns", "/var/lib/cni", "/var/lib/containerd", "/var/lib/kubelet", "/var/log"]
PACKAGES = {"containerd": "containerd", "runc": "runc", "docker-registry": "docker-registry", "skopeo": "skopeo"}
PLUGINS = "/usr/lib/cni"

CONTAINERD = """\
version = 2
root = "{dir}/containerd"
state = "/run/containerd"
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/library/pause:latest"
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "{plugins}"
  conf_dir = "{dir}/net.d"
[plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io"]
  endpoint = ["http://{host}:{registry}"]
"""

KUBELET = """\
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
failSwapOn: false
cgroupDriver: cgroupfs
cgroupRoot: {cgroup}
cgroupsPerQOS: false
enforceNodeAllocatable: []
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
healthzPort: 0
localStorageCapacityIsolation: false
evictionHard: {{imagefs.available: "1%", nodefs.available: "1%", memory.available: "1Mi", nodefs.inodesFree: "1%"}}
resolvConf: ""
volumePluginDir: {dir}/volume-plugins
"""


def run(*command, **options):
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if result.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: exit {result.returncode}: {result.stdout}{result.stderr}")
    return result.stdout


def install():
    """Debian's packages of what a node needs. The daemons themselves are started by nobody but this test."""
    missing = [package for program, package in PACKAGES.items() if not shutil.which(program)]
    if not pathlib.Path(PLUGINS, "bridge").exists():
        missing.append("containernetworking-plugins")
    if missing:
        run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing, env=dict(os.environ, DEBIAN_FRONTEND="noninteractive"))


def pause_image(busybox, out):
    """An image that only waits, made of another by giving it a command."""
    with tempfile.TemporaryDirectory() as work:
        with tarfile.open(busybox) as archive:
            archive.extractall(work, filter="data")
        manifest = json.loads(pathlib.Path(work, "manifest.json").read_text())
        config = json.loads(pathlib.Path(work, manifest[0]["Config"]).read_text())
        config["config"]["Entrypoint"] = ["/bin/sleep", "2147483647"]
        config["config"]["Cmd"] = None
        pathlib.Path(work, "pause.json").write_text(json.dumps(config))
        manifest[0].update(Config="pause.json", RepoTags=["docker.io/library/pause:latest"])
        pathlib.Path(work, "manifest.json").write_text(json.dumps(manifest))
        with tarfile.open(out, "w") as archive:
            for path in sorted(pathlib.Path(work).iterdir()):
                archive.add(path, path.name)


class Machine:
    def __init__(self, name, logs):
        self.name = name
        self.logs = logs
        self.dir = tempfile.mkdtemp(prefix="stint-interop-")
        self.cgroup = f"/stint-interop-{os.getpid()}"
        self.processes = []
        self.first = None

    def boot(self):
        """The namespaces, and the wire to this machine."""
        places = "; ".join(f"mkdir -p {place} && mount -t tmpfs tmpfs {place}" for place in OWN_PLACES)
        self.process = subprocess.Popen(["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-ec",
                                         f"{places}; ip link set lo up; echo up; exec sleep infinity"], stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != "up":
            raise AssertionError("no namespaces for another machine")
        self.first = only_child(self.process.pid)
        run("ip", "link", "add", "stint-interop", "type", "veth", "peer", "name", "eth0", "netns", self.first)
        run("ip", "addr", "add", f"{HOST}/24", "dev", "stint-interop")
        run("ip", "link", "set", "stint-interop", "up")
        self.run("ip", "addr", "add", f"{NODE}/24", "dev", "eth0")
        self.run("ip", "link", "set", "eth0", "up")
        self.run("ip", "route", "add", "default", "via", HOST)
        run("ip", "route", "add", PODS, "via", NODE)
        return self

    def words(self, *command):
        return ["nsenter", "-t", str(self.first), "-m", "-n", "-p", "--", *map(str, command)]

    def run(self, *command):
        return run(*self.words(*command))

    def spawn(self, name, *command, inside=True, **options):
        with open(self.logs / f"{name}.log", "w") as log:
            process = subprocess.Popen(self.words(*command) if inside else command, stdout=log, stderr=log, start_new_session=True, **options)
        self.processes.append((name, process))
        return process

    def check(self):
        for name, process in self.processes:
            if process.poll() is not None:
                raise AssertionError(f"{name} ended with {process.returncode}; see {self.logs / name}.log")

    def serve_images(self, images, port):
        """A registry on this machine's end of the wire, with the test images and one that only waits."""
        config = pathlib.Path(self.dir, "registry.yml")
        config.write_text(f"version: 0.1\nlog: {{level: warn}}\nstorage: {{filesystem: {{rootdirectory: {self.dir}/registry}}}}\nhttp: {{addr: '{HOST}:{port}'}}\n")
        self.spawn("docker-registry", "docker-registry", "serve", str(config), inside=False)
        pause_image(images / "busybox.tar", f"{self.dir}/pause.tar")
        archives = {"busybox": images / "busybox.tar", "bash": images / "bash.tar", "pause": f"{self.dir}/pause.tar"}
        for name, archive in archives.items():
            words = ["skopeo", "--insecure-policy", "copy", "--dest-tls-verify=false", f"docker-archive:{archive}", f"docker://{HOST}:{port}/library/{name}:latest"]
            until_it_works(lambda: run(*words), 20)

    def start_containerd(self, registry):
        net = pathlib.Path(self.dir, "net.d")
        net.mkdir()
        net.joinpath("10.conflist").write_text(json.dumps({"cniVersion": "1.0.0", "name": "interop", "plugins": [
            {"type": "bridge", "bridge": "pods0", "isGateway": True, "ipMasq": False,
             "ipam": {"type": "host-local", "ranges": [[{"subnet": PODS}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}))
        config = pathlib.Path(self.dir, "containerd.toml")
        config.write_text(CONTAINERD.format(dir=self.dir, plugins=PLUGINS, host=HOST, registry=registry))
        self.spawn("containerd", "containerd", "--config", config)
        until_it_works(lambda: self.run("ctr", "version"), 20)

    def start_kubelet(self, binary, config_dir):
        """Upstream's, with what `stint node-config` wrote, and this test's own settings beside it."""
        drop_in = pathlib.Path(self.dir, "kubelet.d")
        drop_in.mkdir()
        drop_in.joinpath("10-test.conf").write_text(KUBELET.format(cgroup=self.cgroup, dir=self.dir))
        for controller in cgroup_hierarchies():
            os.makedirs(f"{controller}{self.cgroup}", exist_ok=True)
        self.spawn("kubelet", binary, "--config", f"{config_dir}/config.yaml", "--config-dir", drop_in, "--kubeconfig", f"{config_dir}/kubeconfig",
                   "--hostname-override", self.name, "--node-ip", NODE, "--root-dir", f"{self.dir}/kubelet")

    def stop(self):
        """Ends its first process, and with it all others; the wire and the mounts go with the namespaces."""
        for name, process in self.processes:
            if name == "docker-registry" and process.poll() is None:
                process.terminate()
        if self.first:
            self.process.kill()
        for _, process in self.processes:
            process.wait(timeout=30)
        if self.first:
            self.process.wait()
            self.process.stdout.close()
        for controller in cgroup_hierarchies():
            for directory, _, _ in os.walk(f"{controller}{self.cgroup}", topdown=False):
                until_it_works(lambda: os.rmdir(directory), 20)
        shutil.rmtree(self.dir)


def only_child(pid):
    return int(pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def cgroup_hierarchies():
    """Where groups are made: one place with cgroup v2, one for each controller with v1."""
    with open("/proc/mounts") as mounts:
        return sorted({line.split()[1] for line in mounts if line.split()[2] in ("cgroup", "cgroup2")})


def until_it_works(action, timeout_s):
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return action()
        except (AssertionError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
