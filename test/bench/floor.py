"""What a container costs without any of us: `crun run` of an image's file system, over and over. Prints the seconds of each run, and
with AT_ONCE above 1 those of all runs together, so many at a time.

Starts itself again in a mount namespace of its own: crun refuses the mixed cgroup layout (v1 and v2) unless the v2 part is unmounted.
usage: floor.py RUNS IMAGE_ARCHIVE [AT_ONCE]"""
import concurrent.futures
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


def run_one(directory, name):
    begin = time.perf_counter()
    subprocess.run(["crun", "run", "--bundle", directory, name], check=True)
    return time.perf_counter() - begin


def main():
    words = [word for word in sys.argv[1:] if word != "--inside"]
    runs, archive, at_once = int(words[0]), words[1], int(words[2]) if len(words) > 2 else 1
    if "--inside" not in sys.argv:
        os.execvp("unshare", ["unshare", "--mount", sys.executable, __file__, *words, "--inside"])
    if os.path.ismount(UNIFIED):
        subprocess.run(["umount", UNIFIED], check=True)
    with tempfile.TemporaryDirectory(prefix="stint-bench-") as directory:
        bundle = pathlib.Path(directory)
        make_bundle(bundle, archive)
        names = [f"{bundle.name}-{run}" for run in range(runs)]
        begin = time.perf_counter()
        with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
            times = list(pool.map(lambda name: run_one(directory, name), names))
        print(*(times if at_once == 1 else [time.perf_counter() - begin]), sep="\n")


if __name__ == "__main__":
    main()
