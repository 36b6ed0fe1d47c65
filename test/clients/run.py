"""Runs real clients against a stint server of their own, each with its story, and prints last 'N passed, N failed'.

usage: run.py [--light] [--list] [--counts FILE] [NAME…]     NAME: a client, or the beginning of its name

A story is a program that says 'ok - CLAIM' or 'not ok - CLAIM: WHY' on a line for each claim it checked, whatever language it is in;
clients.py lists them. What a story needs is installed by its own language's client into the cache (install.py)."""
import argparse
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

import clients  # noqa: E402
from stint_server import Server, why_no_containers  # noqa: E402

LINE = re.compile(r"^(not )?ok - (.*)$")


def play(client, log):
    """(passed, failed) of one client's story; its failures are printed as they come."""
    command, environment = client.prepare()
    server = Server(runtime=client.runtime, arguments=client.serve_arguments).start()
    passed = failed = 0
    try:
        environment = dict(os.environ, KUBECONFIG=server.kubeconfig, HOME=f"{server.dir}/home", **environment)
        story = subprocess.Popen(command, env=environment, cwd=server.dir, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                 errors="replace", start_new_session=True)
        try:
            for line in story.stdout:
                log.write(line)
                match = LINE.match(line)
                if match and match[1]:
                    failed += 1
                    print(f"  failed: {client.name}: {match[2]}", flush=True)
                elif match:
                    passed += 1
            story.wait(timeout=60)
        finally:
            if story.poll() is None:
                os.killpg(story.pid, signal.SIGKILL)
                story.wait()
        if story.returncode != 0 and failed == 0:
            failed = 1
            print(f"  failed: {client.name}: its story ended with {story.returncode}", flush=True)
        if passed + failed == 0:
            failed = 1
            print(f"  failed: {client.name}: its story said nothing", flush=True)
    finally:
        log.write(server.log_text())
        server.close()
    return passed, failed


def chosen(options):
    known = [client for client in clients.CLIENTS if client.light or not options.light]
    if not options.names:
        return known
    picked = [client for client in known if any(client.name.startswith(name) for name in options.names)]
    if not picked:
        sys.exit(f"clients: no client is called {' or '.join(options.names)}; there are: {', '.join(c.name for c in known)}")
    return picked


def main():
    parser = argparse.ArgumentParser(prog="./dev clients", usage="%(prog)s [--light] [--list] [NAME…]")
    parser.add_argument("--light", action="store_true", help="only those that install in seconds")
    parser.add_argument("--list", action="store_true", help="say which there are")
    parser.add_argument("--counts", help="also write 'PASSED FAILED' to this file")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    picked = chosen(options)
    if options.list:
        print("\n".join(f"{client.name:24}{client.what}" for client in picked))
        return 0
    if reason := why_no_containers():
        print(f"the clients' stories run real containers, and {reason}")
        print("0 passed, 0 failed")
        return 0
    logs = HERE.parents[1] / "build/clients"
    logs.mkdir(parents=True, exist_ok=True)
    total = [0, 0]
    for client in picked:
        started = time.monotonic()
        with open(logs / f"{client.name}.log", "w") as log:
            try:
                counts = play(client, log)
            except Exception as error:  # one client that cannot be installed or served is one failure
                print(f"  failed: {client.name}: {error}", flush=True)
                counts = (0, 1)
        print(f"{client.name}: {counts[0]} ok, {counts[1]} failed, {time.monotonic() - started:.0f} s (build/clients/{client.name}.log)", flush=True)
        total = [total[0] + counts[0], total[1] + counts[1]]
    if options.counts:
        pathlib.Path(options.counts).write_text(f"{total[0]} {total[1]}\n")
    print(f"{total[0]} passed, {total[1]} failed")
    return 1 if total[1] else 0


if __name__ == "__main__":
    sys.exit(main())
