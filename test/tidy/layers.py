#!/usr/bin/env python3
"""Holds the sources to the river: which folder may include which, how long files and functions may grow, which words are banned, and that no
two types have one name.

Prints each breach with the place and what to do instead; exit 1 if there is one. usage: test/tidy/layers.py [ROOT]
"""
import pathlib
import re
import sys

# The table of ARCHITECTURE.md. A folder may always use itself.
MAY_USE = {
    "base": set(),
    "os": {"base"},
    "api": {"base"},
    "wire": {"base", "os"},
    "store": {"base", "os"},
    "server": {"base", "api", "wire", "store"},
    "client": {"base", "api", "wire"},
    "image": {"base", "os", "api"},      # api: for JSON documents (docs/adr/0003)
    "runtime": {"base", "os", "api", "wire", "image", "remote"},    # api: for JSON documents; the rest for cri/ (docs/adr/0019)
    "control": {"base", "api", "client"},
    "sched": {"base", "api", "client"},
    "node": {"base", "os", "api", "client", "runtime", "image"},
    "remote": {"base", "api", "wire"},
    "kubelet": {"base", "os", "api", "client", "wire", "remote"},
    "keyvalue": {"base", "wire"},
    "cli": {"base", "os", "api", "wire", "client", "image"},
}
EVERYTHING = {"app"}
# Tests of one folder may use these doubles of others.
TEST_DOUBLES = {"client/fake_client.h", "runtime/fake/fake_runtime.h", "store/memory/memory_store.h"}

FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 60
REASON = "longer than a sitting"  # at the top of a file that may be: "// longer than a sitting: <why>"
BANNED_NAMES = {"util", "utils", "helper", "helpers", "common", "misc", "manager"}

INCLUDE = re.compile(r'^\s*#include "([^"]+)"')
NAMESPACE = re.compile(r"^namespace ([\w:]*) ?\{")
TYPE = re.compile(r"^(?:class|struct|enum class) (\w+)(?: final)?(?: :.*)? \{")
FUNCTION = re.compile(r"^[A-Za-z_].*[\)\w&>] (const )?(noexcept )?(override )?\{$")


def layer_breaches(path, folder, lines):
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match or "/" not in match.group(1) or match.group(1).endswith(".pb.h"):  # made by protoc from api/
            continue
        target = match.group(1).split("/")[0]
        if target == folder or target in MAY_USE[folder] or target not in MAY_USE.keys() | EVERYTHING:
            continue
        if path.name.endswith("_test.cc") and match.group(1) in TEST_DOUBLES:
            continue
        yield number, f"{folder}/ may not use {target}/: go through {', '.join(sorted(MAY_USE[folder])) or 'nothing'}"


def size_breaches(lines):
    if len(lines) > FILE_LINES_MAX and not any(REASON in line for line in lines[:12]):
        yield 1, f"{len(lines)} lines: split it by noun, or say '{REASON}: why' at its top"
    start = None
    for number, line in enumerate(lines, 1):
        if start is None and FUNCTION.match(line) and not line.startswith(("namespace", "class", "struct", "enum", "union", "extern")):
            start = number
        elif start is not None and line.startswith("}"):
            if number - start + 1 > FUNCTION_LINES_MAX and not any(REASON in l for l in lines[max(0, start - 4):start]):
                yield start, f"a function of {number - start + 1} lines: split it, or say '{REASON}: why' above it"
            start = None


def named_types(lines):
    """The types that other files can see, by their full names."""
    outer, anonymous = "", False
    for number, line in enumerate(lines, 1):
        if match := NAMESPACE.match(line):
            outer, anonymous = (match.group(1), False) if match.group(1) else (outer, True)
        elif line == "}  // namespace":
            anonymous = False
        elif (match := TYPE.match(line)) and not anonymous:
            yield number, f"{outer}::{match.group(1)}"


def name_breaches(path, lines, seen):
    # The linker merges their inline functions without a word: one type is then destroyed by the other's destructor.
    for number, name in named_types(lines):
        if name in seen:
            yield number, f"{name} is also a type at {seen[name]}: rename one, or put it in an anonymous namespace"
        else:
            seen[name] = f"{path}:{number}"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    count = 0
    seen = {}
    for path in sorted((root / "src").rglob("*")):
        if path.suffix not in {".h", ".cc"}:
            continue
        folder = path.relative_to(root / "src").parts[0]
        lines = path.read_text().splitlines()
        breaches = list(size_breaches(lines)) + list(name_breaches(path, lines, seen))
        if folder not in EVERYTHING:
            if folder not in MAY_USE:
                breaches.append((1, f"{folder}/ is not in the table of test/tidy/layers.py"))
            else:
                breaches += layer_breaches(path, folder, lines)
        if path.stem.removesuffix("_test") in BANNED_NAMES:
            breaches.append((1, "a name that says nothing: name the file after its noun"))
        for number, text in breaches:
            print(f"{path}:{number}: {text}")
            count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
