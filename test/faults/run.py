#!/usr/bin/env python3
"""The fault loop: a pod's life with real containers, in which stint is killed (SIGKILL) after its n-th change of the world, for n = 1, 2, …
until it comes to the end unkilled. After each kill stint is started anew; the Job, the exit codes, the logs and the machine have to be as if
nothing had happened (test/e2e/crash_story.py says what that is). Prints one line a story; a failure names n and the change.

With --twice the life that takes over is killed as well, after a few changes of its own.

usage: run.py [STORY…] [--from N] [--step N] [--to N] [--twice] [--keep-going]"""
import argparse
import pathlib
import sys
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test/e2e"))
from crash_story import STORIES, Told  # noqa: E402
from local_registry import LocalRegistry  # noqa: E402
from stint_server import test_images  # noqa: E402

LATER_CHANGES = 25  # a life that takes over is killed within so many


def tell(name, options, registry):
    failed, passed, at = 0, 0, options.first
    while at <= options.last:
        again = at % LATER_CHANGES + 1 if options.twice else 0
        told = Told(STORIES[name], registry, at, again)
        try:
            told.run()
            passed += 1
        except Exception:  # any of it is a finding
            failed += 1
            print(f"--- {name}: killed at {at}{f' and again at {again}' if again else ''}: {told.last_point}\n{traceback.format_exc()}", flush=True)
            if not options.keep_going:
                break
        if not told.crashed:
            break
        at += options.step
    print(f"{name}: {passed} of {passed + failed} tellings came to the right end; the last, at {at}, was {'killed' if told.crashed else 'not killed'}", flush=True)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stories", nargs="*", metavar="STORY", help=", ".join(STORIES))
    parser.add_argument("--from", dest="first", type=int, default=1)
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--to", dest="last", type=int, default=100_000)
    parser.add_argument("--twice", action="store_true", help="kill the next life, too")
    parser.add_argument("--keep-going", action="store_true", help="after a failure, too")
    options = parser.parse_args()
    registry = LocalRegistry(test_images() / "busybox.tar")
    failed = sum(tell(name, options, registry) for name in options.stories or STORIES)
    registry.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
