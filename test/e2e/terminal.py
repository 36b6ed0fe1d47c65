"""kubectl on a terminal, as a user has it."""
import os
import pty
import subprocess
import time

from stint_server import wait_until


def at_terminal(server, *arguments, typed, after=b"", timeout_s=60):
    """(exit code, all that was seen) of kubectl on a terminal, where `typed` is typed once `after` was seen."""
    ours, theirs = pty.openpty()
    environment = dict(os.environ, KUBECONFIG=server.kubeconfig, HOME=f"{server.dir}/home")
    process = subprocess.Popen([server.kubectl_binary, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environment,
                               start_new_session=True)
    server.spawned.append(process)
    os.close(theirs)
    os.set_blocking(ours, False)
    seen = b""

    def look():
        nonlocal seen
        try:
            while piece := os.read(ours, 4096):
                seen += piece
        except OSError:  # nothing now, or the other end is closed
            pass

    deadline = time.monotonic() + timeout_s
    while after not in seen:
        look()
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"{after!r} was not seen in {seen!r}")
        time.sleep(0.02)
    os.write(ours, typed)

    def is_over():
        look()
        return process.poll() is not None

    wait_until(is_over, timeout_s, f"kubectl's end, after {seen!r}")
    look()
    os.close(ours)
    return process.returncode, seen.decode(errors="replace")
