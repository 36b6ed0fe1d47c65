"""Makes the one image of the listed tests that the yardstick's `images` leaves out: a program, setuid root, that prints its effective uid."""
import hashlib
import io
import json
import pathlib
import subprocess
import tarfile
import tempfile

NAME = "registry.k8s.io/e2e-test-images/nonewprivs:1.4"
SOURCE = """#include <stdio.h>
#include <unistd.h>
int main(void) { return printf("Effective uid: %d\\n", (int)geteuid()) < 0; }
"""
SETUID_PROGRAM = 0o4755


def add(archive, name, content, mode=0o644):
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))


def compiled():
    with tempfile.TemporaryDirectory() as scratch:
        program = pathlib.Path(scratch) / "nnp"
        subprocess.run(["clang-19", "-x", "c", "-static", "-o", str(program), "-"], input=SOURCE.encode(), check=True)
        return program.read_bytes()


def make(path):
    """Writes the image to `path` as a docker-archive."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as archive:
        add(archive, "usr/local/bin/nnp", compiled(), SETUID_PROGRAM)
    layer = layer.getvalue()
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/usr/local/bin/nnp"]},
                         "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}}).encode()
    with tarfile.open(path, "w") as archive:
        add(archive, "config.json", config)
        add(archive, "layer.tar", layer)
        add(archive, "manifest.json", json.dumps([{"Config": "config.json", "RepoTags": [NAME], "Layers": ["layer.tar"]}]).encode())
