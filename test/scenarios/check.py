#!/usr/bin/env python3
"""Holds the tables beside it to the tests: each line names tests that exist, the numbers run from 1 without a gap, and none is missing.

A line of a table is `N. claim — ` and one or more names in backquotes, separated by commas:
  Suite.Test                  a unit, component or simulation test
  file_test.py::name          a test of test/e2e
  transcript:FILE: case       a case of test/transcripts/cases"""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LINES = {"cronjobs.md": 36, "jobs.md": 86, "pods.md": 46}  # what upstream's scenarios come to, with our own
LINE = re.compile(r"(\d+)\. (.+) — (`[^`]+`(?:, `[^`]+`)*)$")
GTEST = re.compile(r"^(?:TYPED_)?TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)", re.M)


def unit_tests():
    for folder in ("src", "test"):
        for path in (ROOT / folder).rglob("*_test.cc"):
            yield from (f"{suite}.{name}" for suite, name in GTEST.findall(path.read_text()))


def e2e_tests():
    for path in (ROOT / "test/e2e").glob("*_test.py"):
        yield from (f"{path.name}::{name}" for name in re.findall(r"^ +def (test_\w+)\(", path.read_text(), re.M))


def transcript_cases():
    for path in (ROOT / "test/transcripts/cases").glob("*.txt"):
        yield from (f"transcript:{path.stem}: {name}" for name in re.findall(r"^== (.+?)\s*$", path.read_text(), re.M))


def faults_of(table, known):
    expected = 1
    for number, line in enumerate(table.read_text().splitlines(), 1):
        if not re.match(r"\d", line):
            continue
        match = LINE.match(line)
        where = f"{table.relative_to(ROOT)}:{number}"
        if not match:
            yield f"{where}: not of the form 'N. claim — `test`'"
            continue
        if int(match[1]) != expected:
            yield f"{where}: number {match[1]} where {expected} is next"
        expected = int(match[1]) + 1
        yield from (f"{where}: no test is called {name}" for name in re.findall(r"`([^`]+)`", match[3]) if name not in known)
    if expected - 1 != LINES.get(table.name):
        yield f"{table.relative_to(ROOT)}: {expected - 1} lines where there are {LINES.get(table.name, 'none to be')}"


def main():
    known = {*unit_tests(), *e2e_tests(), *transcript_cases()}
    tables = sorted(HERE.glob("*.md"))
    faults = [fault for table in tables for fault in faults_of(table, known)]
    faults += [f"{name} is missing" for name in LINES if HERE / name not in tables]
    print("\n".join(faults) if faults else "scenarios: fine")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
