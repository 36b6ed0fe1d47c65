"""Runs the end-to-end suites, several modules at a time, and writes 'PASSED FAILED' to the file given.

usage: run.py OUT_FILE [MODULE…]"""
import concurrent.futures
import pathlib
import re
import signal
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).parent
starting = threading.Lock()
running = []  # every suite started
ending = False


def run(module):
    # A session of its own: on ctrl-C it is main() that ends the suite, and waits until it has cleaned up.
    with starting:
        if ending:
            return 0, 0
        suite = subprocess.Popen([sys.executable, "-m", "unittest", "-v", module], cwd=HERE, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True, start_new_session=True)
        running.append(suite)
    output, _ = suite.communicate()
    total = int((re.search(r"^Ran (\d+) test", output, re.M) or [0, 0])[1])
    bad = sum(int(n) for n in re.findall(r"(?:failures|errors)=(\d+)", output))
    if suite.returncode != 0 and bad == 0:
        bad = 1
    skipped = sum(int(n) for n in re.findall(r"skipped=(\d+)", output))
    if bad:
        print(f"--- {module}\n{output}", flush=True)
    elif skipped:
        print(f"skipped: {skipped} of {module}: {', '.join(sorted(set(re.findall(r'skipped .(.*).$', output, re.M))))}", flush=True)
    return max(total - bad - skipped, 0), bad


def main():
    global ending
    modules = sys.argv[2:] or sorted(p.stem for p in HERE.glob("*_test.py"))
    ends = (signal.SIGINT, signal.SIGTERM)
    for number in ends:  # set, not inherited: a shell starts what runs in the background deaf to ctrl-C
        signal.signal(number, signal.default_int_handler)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        try:
            counts = list(pool.map(run, modules))
        except KeyboardInterrupt:
            for number in ends:
                signal.signal(number, signal.SIG_IGN)
            with starting:
                ending = True
                for suite in running:
                    suite.send_signal(signal.SIGINT)
            raise
    pathlib.Path(sys.argv[1]).write_text(f"{sum(c[0] for c in counts)} {sum(c[1] for c in counts)}\n")


if __name__ == "__main__":
    main()
