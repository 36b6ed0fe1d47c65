"""An answer as the lines that a transcript keeps: compared as text, so what cannot be seen is not compared."""
import json
import re

WIDTH = 130
HEADERS = ("Allow", "Content-Type", "Location", "Retry-After", "Vary", "Warning", "X-Content-Type-Options", "WWW-Authenticate")
USUAL_TYPE = "application/json"
USUAL_CACHING = "no-cache, private"


def answer_lines(status, headers, body, masks, directives):
    lines = [str(status)]
    content_type = headers.get("Content-Type", "")
    for name in HEADERS:
        for value in headers.get_all(name) or []:
            if (name, value) != ("Content-Type", USUAL_TYPE):
                lines.append(f"{name}: {masks.text(value)}")
    caching = headers.get("Cache-Control", "")
    if caching != USUAL_CACHING:
        lines.append(f"Cache-Control: {caching}")
    if headers.get("ETag"):
        lines.append("ETag: HASH")
    if "json" in content_type:
        lines += json_lines(status, body, masks, directives)
    elif "protobuf" in content_type:
        lines += protobuf_lines(body)
    else:
        lines += masks.text(body.decode(errors="backslashreplace")).splitlines()
    return lines


def json_lines(status, body, masks, directives):
    text = body.decode()
    documents, decoder, at = [], json.JSONDecoder(), 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        document, at = decoder.raw_decode(text, at)
        documents.append(document)
    lines = []
    for document in documents:
        document = masks.json(document)
        for path in directives.get("pick", []) if status < 300 else []:
            document = pick(document, path)
        for path in directives.get("drop", []):
            drop(document, path)
        if "unordered" in directives:
            document = ordered(document)
        lines += status_lines(status, document) if is_usual_status(status, document) else value_lines(document)
    return lines


def pick(document, path):
    """The part of an answer that a case is about; "absent" when it is not there."""
    try:
        for step in path_of(path):
            document = document[step]
    except (KeyError, IndexError, TypeError):
        return "absent"
    return document


def ordered(document):
    """A failure whose causes come from a map, which no two runs go through alike: sorted, in the message too."""
    causes = (document.get("details") or {}).get("causes")
    if not causes:
        return document
    told = ", ".join(f"{cause['field']}: {cause['message']}" for cause in causes)
    causes = sorted(causes, key=lambda cause: (cause["field"], cause["message"]))
    sorted_text = ", ".join(f"{cause['field']}: {cause['message']}" for cause in causes)
    return {**document, "message": document["message"].replace(told, sorted_text), "details": {**document["details"], "causes": causes}}


def drop(value, path):
    """Removes a member wherever it stands: 'drop .status.images' at one place, 'drop description' at every."""
    steps = path_of(path)
    if path.startswith("."):
        for step in steps[:-1]:
            value = value[step] if isinstance(value, list) and step < len(value) or isinstance(value, dict) and step in value else {}
        if isinstance(value, dict):
            value.pop(steps[-1], None)
    elif isinstance(value, dict):
        value.pop(path, None)
        for member in value.values():
            drop(member, path)
    elif isinstance(value, list):
        for element in value:
            drop(element, path)


def path_of(path):
    from transcript import path_steps
    return path_steps(path)


def is_usual_status(status, document):
    return (isinstance(document, dict) and document.get("kind") == "Status" and document.get("apiVersion") == "v1" and document.get("status") == "Failure"
            and document.get("metadata") == {} and document.get("code") == status
            and set(document) <= {"kind", "apiVersion", "metadata", "status", "message", "reason", "details", "code"})


def status_lines(status, document):
    """A failure in short: what every Status holds goes without saying."""
    lines = [f"reason: {document.get('reason', '-')}", *f"message: {document.get('message', '-')}".splitlines()]
    details = dict(document.get("details") or {})
    causes = details.pop("causes", None)
    if "details" in document:
        lines.append(f"details: {one_line(details)}")
    for cause in causes or []:
        lines += f"cause: {one_line(cause)}".splitlines()
    return lines


def one_line(value):
    return json.dumps(value, ensure_ascii=False)


def value_lines(value, indent=0, prefix="", suffix=""):
    """JSON with what fits into a line on a line."""
    pad = " " * indent
    short = one_line(value)
    if len(pad) + len(prefix) + len(short) + len(suffix) <= WIDTH or not isinstance(value, (dict, list)) or not value:
        return [pad + prefix + short + suffix]
    brackets = "{}" if isinstance(value, dict) else "[]"
    members = [(f"{json.dumps(key)}: ", member) for key, member in value.items()] if isinstance(value, dict) else [("", member) for member in value]
    lines = [pad + prefix + brackets[0]]
    for number, (name, member) in enumerate(members, 1):
        lines += value_lines(member, indent + 2, name, "," if number < len(members) else "")
    return lines + [pad + brackets[1] + suffix]


def protobuf_lines(body):
    """The envelope's type; the rest of the wire format has tests of its own."""
    if not body.startswith(b"k8s\0"):
        return [f"{len(body)} bytes"]
    strings, at = [], 4
    length = body[at + 1]  # field 1, typeMeta, is short
    inner, at = body[at + 2:at + 2 + length], 0
    while at < len(inner):
        size = inner[at + 1]
        strings.append(inner[at + 2:at + 2 + size].decode())
        at += 2 + size
    return ["protobuf: " + " ".join(strings)]


LOG_LINE = re.compile(r"^[IWEF]\d{4} .*\n?", re.M)


def command_lines(code, output, errors, masks):
    """Without kubectl's own log lines: whether they are written is a matter of milliseconds."""
    lines = [f"exit {code}"]
    errors = LOG_LINE.sub("", errors)
    for mark, text in (("", output), ("! ", errors)):
        lines += [mark + squeezed(line) for line in masks.text(text, ages=True).splitlines()]
    return lines


def squeezed(line):
    """Columns are as wide as what was masked in them: their padding says nothing."""
    body = line.lstrip(" ")
    words = [word for word in body.split("  ") if word]
    return (line[:len(line) - len(body)] + "  ".join(word.strip() for word in words)).rstrip()
