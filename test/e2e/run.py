"""Runs the end-to-end suites, several modules at a time, and writes 'PASSED FAILED' to the file given.

usage: run.py OUT_FILE [MODULE…]"""
import concurrent.futures
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).parent


def run(module):
    # -c: on ctrl-C a suite ends the test it is in, and cleans up.
    result = subprocess.run([sys.executable, "-m", "unittest", "-v", "-c", module], cwd=HERE, capture_output=True, text=True)
    output = result.stdout + result.stderr
    total = int((re.search(r"^Ran (\d+) test", output, re.M) or [0, 0])[1])
    bad = sum(int(n) for n in re.findall(r"(?:failures|errors)=(\d+)", output))
    if result.returncode != 0 and bad == 0:
        bad = 1
    skipped = sum(int(n) for n in re.findall(r"skipped=(\d+)", output))
    if bad:
        print(f"--- {module}\n{output}", flush=True)
    elif skipped:
        print(f"skipped: {skipped} of {module}: {', '.join(sorted(set(re.findall(r'skipped .(.*).$', output, re.M))))}", flush=True)
    return max(total - bad - skipped, 0), bad


def main():
    modules = sys.argv[2:] or sorted(p.stem for p in HERE.glob("*_test.py"))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(run, modules))
    pathlib.Path(sys.argv[1]).write_text(f"{sum(c[0] for c in counts)} {sum(c[1] for c in counts)}\n")


if __name__ == "__main__":
    main()
