#!/usr/bin/env python3
"""Plays the transcripts of test/transcripts/cases and compares each answer with upstream's, which stands beside its request.

usage: run.py [NAME…]                       against a stint started for it
       run.py against KUBECONFIG [NAME…]    against another server, such as upstream, to see whether it still answers so
       run.py pending                       plays all, and lists anew in the file differences what is not mended yet
       run.py record KUBECONFIG [NAME…]     writes the answers of that server into the files

NAME is a file's name or part of a case's. The server recorded must have neither a controller manager nor a scheduler: they would answer
in between. What is known to differ, and why, stands in the file differences."""
import concurrent.futures
import difflib
import pathlib
import sys
import traceback

import transcript
from client import Cluster, Stint

HERE = pathlib.Path(__file__).parent
DIFFERENCES = HERE / "differences"
PENDING = "not mended yet"
PENDING_HEAD = f"# --- {PENDING}: found by comparison, accepted by nobody; 'run.py pending' writes what follows"
AT_ONCE = 8


def read_differences(path=DIFFERENCES):
    """{case id: reason}"""
    differences, current = {}, None
    for line in path.read_text().splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if not line.startswith(" "):
            current = line.strip()
            differences[current] = ""
        else:
            differences[current] = (differences[current] + " " + line.strip()).strip()
    return differences


def play_all(cluster, cases):
    """Yields (case, answers or the exception), in order."""
    def play(case):
        try:
            return cluster.play(case)
        except Exception as error:  # a case that cannot be carried out is a failure of that case
            return error

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        yield from zip(cases, pool.map(play, cases))


def difference(case, answers):
    """What the answers have other than the recorded ones, as text; "" when they agree."""
    if isinstance(answers, Exception):
        return "".join(traceback.format_exception_only(answers))
    text = []
    for step, answer in zip((step for step in case.steps if step.recorded), answers):
        recorded = [line.rstrip() for line in step.answer]
        answer = [line.rstrip() for line in answer]
        if recorded == answer:
            continue
        text.append(f"line {step.line_number}: {step.request[0]}")
        text += [line.rstrip("\n") for line in difflib.unified_diff(recorded, answer, "upstream", "here", lineterm="", n=2)][2:]
    return "\n".join(text)


def verdict(case, answers, differences):
    """What is wrong with a case; "" when nothing is."""
    found = difference(case, answers)
    if case.id not in differences:
        return found
    return "" if found else "it is listed in test/transcripts/differences, but it agrees: take it off that list"


def compare(cluster, cases, differences=None):
    """`differences`: those of the server that is asked; another one than stint has none."""
    differences = differences or {}
    known = {case.id for case in transcript.read_all()}
    failed = [f"{name}: listed in differences, but no such case" for name in differences if name not in known]
    print("\n".join(failed), end="\n" if failed else "")
    for case, answers in play_all(cluster, cases):
        if wrong := verdict(case, answers, differences):
            failed.append(case.id)
            print(f"--- {case.id}\n{wrong}\n", flush=True)
    listed = sum(1 for case in cases if case.id in differences and case.id not in failed)
    print(f"{len(cases) - len(failed) - listed} cases agree, {listed} differ as listed, {len(failed)} are wrong")
    return 1 if failed else 0


def list_pending(ids):
    """Replaces the part of the file differences that is no decision: what stands above it stays."""
    decided = DIFFERENCES.read_text().partition(PENDING_HEAD)[0].rstrip()
    DIFFERENCES.write_text("\n".join([decided, "", PENDING_HEAD, *[f"{one}\n    {PENDING}" for one in ids]]) + "\n")


def pending(cluster, cases):
    decided = {name for name, reason in read_differences().items() if reason != PENDING}
    ids = [case.id for case, answers in play_all(cluster, cases) if case.id not in decided and difference(case, answers)]
    list_pending(ids)
    print(f"{len(cases) - len(ids)} cases agree or differ for a reason, {len(ids)} are {PENDING}")
    return 0


def record(cluster, cases):
    bad = 0
    for case, answers in play_all(cluster, cases):
        if isinstance(answers, Exception):
            bad += 1
            print(f"--- {case.id}\n{difference(case, answers)}", flush=True)
            continue
        for step, answer in zip((step for step in case.steps if step.recorded), answers):
            step.answer = answer
    for file in {case.file.name: case.file for case in cases}.values():
        file.path.write_text(file.text())
    print(f"{len(cases) - bad} cases recorded")
    return 1 if bad else 0


def main(arguments):
    if arguments[:1] in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    if arguments[:1] in (["record"], ["against"]):
        if len(arguments) < 2:
            print(__doc__, file=sys.stderr)
            return 2
        action = record if arguments[0] == "record" else compare
        return action(Cluster(arguments[1]), transcript.read_all(arguments[2:]))
    is_pending = arguments == ["pending"]
    cases = transcript.read_all([] if is_pending else arguments)
    stint = Stint()
    try:
        cluster = Cluster(stint.kubeconfig, stint.token)
        return pending(cluster, cases) if is_pending else compare(cluster, cases, read_differences())
    finally:
        stint.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
