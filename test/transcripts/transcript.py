"""The files of test/transcripts/cases: what a client sends, and what upstream answered. README.md there explains the format.

A file is read into Cases of Steps and written back as it was, but for the answers."""
import dataclasses
import json
import pathlib
import re

CASES = pathlib.Path(__file__).parent / "cases"
METHOD_LINE = re.compile(r"^([A-Z-]+) (/\S*)$")
HEADER_LINE = re.compile(r"^([A-Z][A-Za-z-]+): (.*)$")
PATCHES = {
    "MERGE-PATCH": "application/merge-patch+json",
    "STRATEGIC-PATCH": "application/strategic-merge-patch+json",
    "JSON-PATCH": "application/json-patch+json",
    "APPLY-PATCH": "application/apply-patch+yaml",
}


class Malformed(Exception):
    pass


@dataclasses.dataclass
class Step:
    line_number: int
    recorded: bool  # False: a preparation ('~'), which must succeed and whose answer is nobody's business
    request: list = dataclasses.field(default_factory=list)  # lines without their mark
    directives: dict = dataclasses.field(default_factory=dict)
    answer: list = dataclasses.field(default_factory=list)  # lines without their mark

    @property
    def is_command(self):
        return self.request[0].startswith("kubectl ")


@dataclasses.dataclass
class Case:
    file: "TranscriptFile"
    name: str
    steps: list = dataclasses.field(default_factory=list)

    @property
    def id(self):
        return f"{self.file.name}: {self.name}"


class TranscriptFile:
    def __init__(self, path):
        self.path = path
        self.name = path.stem
        self.values = {}  # what 'let' named
        self.cases = []
        self.lines = []  # a text line, or the Step whose request and answer stand here
        try:
            self._read(path.read_text().split("\n"))
        except (Malformed, ValueError) as error:
            raise SystemExit(f"{path}: {error}") from error
        names = [case.name for case in self.cases]
        repeated = {name for name in names if names.count(name) > 1}
        if repeated:
            raise SystemExit(f"{path}: two cases have the same name: {repeated}")

    def _read(self, lines):
        step, directives, last_mark, let = None, {}, "", None
        for number, line in enumerate(lines, 1):
            mark = line[:1]
            if let is not None:
                let = self._read_let(let + "\n" + line)
            elif mark in (">", "~"):
                if mark != last_mark:
                    step = Step(number, mark == ">", directives=directives)
                    directives = {}
                    self._case(number).steps.append(step)
                    self.lines.append(step)
                step.request.append(line[2:])
                last_mark = mark
                continue
            elif mark == "<":
                if step is None or not step.recorded:
                    raise Malformed(f"line {number}: an answer to nothing")
                step.answer.append(line[2:])
                last_mark = mark
                continue
            elif line.startswith("== "):
                self.cases.append(Case(self, line[3:].strip()))
                step = None
            elif mark == "@":
                word, _, rest = line[1:].partition(" ")
                directives.setdefault(word, []).append(rest)
            elif line.startswith("let "):
                let = self._read_let(line)
            elif line and mark != "#":
                raise Malformed(f"line {number}: neither request nor answer nor comment: {line!r}")
            last_mark = mark
            self.lines.append(line)
        if let is not None:
            raise Malformed("a 'let' does not end")

    def _case(self, number):
        if not self.cases:
            raise Malformed(f"line {number}: a request before the first '== name'")
        return self.cases[-1]

    def _read_let(self, text):
        """The text so far while the JSON in it is not complete; None once it is."""
        name, _, value = text.removeprefix("let ").partition("=")
        try:
            parsed = json.loads(value)
        except json.JSONDecodeError:
            if text.count("\n") > 200:
                raise Malformed(f"let {name.strip()} is not JSON") from None
            return text
        self.values[name.strip()] = self._with_values(parsed)
        return None

    def _with_values(self, value):
        """"&name" inside a let stands for an earlier one."""
        if isinstance(value, dict):
            return {key: self._with_values(member) for key, member in value.items()}
        if isinstance(value, list):
            return [self._with_values(element) for element in value]
        if isinstance(value, str) and value.startswith("&"):
            return self.values[value[1:]]
        return value

    def text(self):
        out = []
        for line in self.lines:
            if isinstance(line, str):
                out.append(line)
                continue
            mark = ">" if line.recorded else "~"
            out += [f"{mark} {part}".rstrip() for part in line.request]
            out += [f"< {part}".rstrip() for part in line.answer]
        return "\n".join(out)


def read_all(filters=()):
    files = [TranscriptFile(path) for path in sorted(CASES.glob("*.txt"))]
    return [case for file in files for case in file.cases if not filters or any(f == file.name or f in case.id for f in filters)]


# --- requests


@dataclasses.dataclass
class HttpRequest:
    method: str
    path: str
    headers: dict
    body: bytes | None


@dataclasses.dataclass
class Command:
    arguments: str
    stdin: str | None


def http_request(step, values, substitute):
    match = METHOD_LINE.match(substitute(step.request[0]))
    if not match:
        raise Malformed(f"line {step.line_number}: no 'METHOD /path': {step.request[0]!r}")
    method, path = match.groups()
    lines = step.request[1:]
    headers = {}
    while lines and (header := HEADER_LINE.match(lines[0])):
        headers[header[1]] = substitute(header[2])
        lines = lines[1:]
    body = body_of(lines, values, substitute) if lines else None
    if method in PATCHES:
        headers.setdefault("Content-Type", PATCHES[method])
        method = "PATCH"
    if body is not None:
        headers.setdefault("Content-Type", "application/json")
    return HttpRequest(method, path, {k: v for k, v in headers.items() if v != "-"}, body)


def command_of(step, values, substitute):
    lines = step.request[1:]
    return Command(substitute(step.request[0].removeprefix("kubectl ")), body_of(lines, values, substitute).decode() if lines else None)


def body_of(lines, values, substitute):
    """Lines as they are; or '&name', the value that a let named, changed by the lines that follow."""
    if not re.fullmatch(r"&\w+", lines[0]):
        return substitute("\n".join(lines)).encode()
    if lines[0][1:] not in values:
        raise Malformed(f"nothing is called {lines[0]}")
    value = json.loads(json.dumps(values[lines[0][1:]]))
    for line in lines[1:]:
        change(value, line, values)
    return substitute(json.dumps(value)).encode()


def change(value, line, values):
    """'path = JSON', 'path = &name' or 'delete path'; a path is such as spec.containers[0].env or metadata.labels["a/b"]."""
    if line.startswith("delete "):
        *parents, last = path_steps(line.removeprefix("delete "))
        del descend(value, parents)[last]
        return
    path, separator, text = line.partition(" = ")
    if not separator:
        raise Malformed(f"neither 'path = JSON' nor 'delete path': {line!r}")
    *parents, last = path_steps(path)
    place = descend(value, parents)
    new = json.loads(json.dumps(values[text[1:]])) if text.startswith("&") else json.loads(text)
    if isinstance(place, list) and last == len(place):
        place.append(new)
    else:
        place[last] = new


def path_steps(path):
    steps, at = [], 0
    for match in re.finditer(r'\.?([\w$-]+)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]', path):
        if match.start() != at:
            break
        at = match.end()
        steps.append(match[1] if match[1] is not None else int(match[2]) if match[2] is not None else json.loads(match[3]))
    if at != len(path):
        raise Malformed(f"no path: {path!r}")
    return steps


def descend(value, steps):
    for step in steps:
        if isinstance(value, dict):
            value = value.setdefault(step, {})
        else:
            if step == len(value):
                value.append({})
            value = value[step]
    return value
