"""What a container costs without any of us: `crun run` of an image's file system, over and over. Prints the seconds of each run.

Starts itself again in a mount namespace of its own: crun refuses the mixed cgroup layout (v1 and v2) unless the v2 part is unmounted.
usage: floor.py RUNS IMAGE_ARCHIVE"""
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import time

UNIFIED = "/sys/fs/cgroup/unified"


def make_bundle(bundle, archive):
    rootfs = bundle / "rootfs"
    rootfs.mkdir()
    with tarfile.open(archive) as image:
        manifest = json.load(image.extractfile("./manifest.json"))[0]
        for layer in manifest["Layers"]:
            with tarfile.open(fileobj=image.extractfile(f"./{layer}")) as files:
                files.extractall(rootfs)
    subprocess.run(["crun", "spec"], cwd=bundle, check=True)
    config = json.loads((bundle / "config.json").read_text())
    config["process"]["terminal"] = False
    config["process"]["args"] = ["true"]
    (bundle / "config.json").write_text(json.dumps(config))


def main():
    runs, archive = int(sys.argv[1]), sys.argv[2]
    if "--inside" not in sys.argv:
        os.execvp("unshare", ["unshare", "--mount", sys.executable, __file__, str(runs), archive, "--inside"])
    if os.path.ismount(UNIFIED):
        subprocess.run(["umount", UNIFIED], check=True)
    with tempfile.TemporaryDirectory(prefix="stint-bench-") as directory:
        bundle = pathlib.Path(directory)
        make_bundle(bundle, archive)
        for run in range(runs):
            begin = time.perf_counter()
            subprocess.run(["crun", "run", "--bundle", directory, f"{bundle.name}-{run}"], check=True)
            print(time.perf_counter() - begin)


if __name__ == "__main__":
    main()
