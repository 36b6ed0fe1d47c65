"""Adds to the yardstick's image of agnhost what the listed tests look for in the real one: /agnhost-2, curl, and the tag of an older release."""
import hashlib
import io
import json
import pathlib
import subprocess
import tarfile

OLDER_NAME = "registry.k8s.io/e2e-test-images/agnhost:2.55"
CURL = "/usr/bin/curl"
RESOLVER_LIBRARIES = ("/lib/x86_64-linux-gnu/libnss_dns.so.2", "/lib/x86_64-linux-gnu/libnss_files.so.2", "/lib/x86_64-linux-gnu/libresolv.so.2")


def libraries_of(program):
    words = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout.split()
    return [word for word in words if word.startswith("/")]


def extra_layer(agnhost):
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as archive:
        archive.add(agnhost, "agnhost-2")
        for path in dict.fromkeys([CURL, *libraries_of(CURL), *filter(lambda p: pathlib.Path(p).exists(), RESOLVER_LIBRARIES)]):
            archive.add(pathlib.Path(path).resolve(), path.lstrip("/"))
    return layer.getvalue()


def add(archive, name, content):
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def complete(source, target, agnhost):
    """Reads the docker-archive `source` and writes it with another layer and tag to `target`; `agnhost`: the program."""
    layer = extra_layer(agnhost)
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        [manifest] = json.load(old.extractfile("./manifest.json"))
        config = json.load(old.extractfile("./" + manifest["Config"]))
        config["rootfs"]["diff_ids"].append("sha256:" + hashlib.sha256(layer).hexdigest())
        for name in manifest["Layers"]:
            add(new, name, old.extractfile("./" + name).read())
        add(new, "extra/layer.tar", layer)
        add(new, "config.json", json.dumps(config).encode())
        manifest = {"Config": "config.json", "RepoTags": [*manifest["RepoTags"], OLDER_NAME], "Layers": [*manifest["Layers"], "extra/layer.tar"]}
        add(new, "manifest.json", json.dumps([manifest]).encode())
