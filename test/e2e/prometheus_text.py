"""Reads the text format of Prometheus (version 0.0.4), strictly: what it does not allow is an error that names the line."""
import re

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"')
SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$")
KINDS = ("counter", "gauge", "histogram", "summary", "untyped")


class Family:
    def __init__(self, name):
        self.name, self.help, self.kind, self.samples = name, None, None, {}

    def sum(self, **labels):
        """Of the samples that have these labels; of a histogram those without a suffix do not exist, so use its parts."""
        wanted = set(labels.items())
        return sum(value for (name, of), value in self.samples.items() if name == self.name and wanted <= set(of))


def labels_of(text, line):
    labels = []
    while text:
        match = LABEL.match(text)
        assert match, f"a label in: {line}"
        labels.append((match[1], match[2]))
        text = text[match.end():]
        assert not text or (text[0] == "," and len(text) > 1), f"between labels in: {line}"
        text = text[1:]
    assert len({name for name, _ in labels}) == len(labels), f"a label twice in: {line}"
    return tuple(labels)


def family_of(families, sample, line):
    for suffix in ("", "_bucket", "_sum", "_count"):
        family = families.get(sample.removesuffix(suffix)) if sample.endswith(suffix) else None
        if family and (not suffix or family.kind == "histogram"):
            return family
    raise AssertionError(f"no TYPE before: {line}")


def read_comment(families, line):
    word, name, rest = line[2:].split(" ", 2)
    assert word in ("HELP", "TYPE") and NAME.fullmatch(name), line
    family = families.setdefault(name, Family(name))
    assert not family.samples, f"after samples: {line}"
    if word == "HELP":
        assert family.help is None and re.fullmatch(r"(?:[^\\]|\\[\\n])*", rest), line
        family.help = rest
    else:
        assert family.kind is None and rest in KINDS, line
        family.kind = rest


def check_histogram(family):
    series = {}
    for (name, labels), value in family.samples.items():
        series.setdefault(tuple(label for label in labels if label[0] != "le"), []).append((name, dict(labels).get("le"), value))
    for labels, samples in series.items():
        buckets = [(float(le), value) for _, le, value in samples if le is not None]
        assert buckets == sorted(buckets) and [v for _, v in buckets] == sorted(v for _, v in buckets), f"{family.name}{labels}: not cumulative"
        assert buckets[-1][0] == float("inf"), f"{family.name}{labels}: no bucket for all"
        assert [v for n, _, v in samples if n.endswith("_count")] == [buckets[-1][1]], f"{family.name}{labels}: count"
        assert sum(n.endswith("_sum") for n, _, _ in samples) == 1, f"{family.name}{labels}: sum"


def parse(text):
    """The families by name."""
    assert text.endswith("\n"), "the last line has no end"
    families, last = {}, None
    for line in text.splitlines():
        if line.startswith("# "):
            read_comment(families, line)
            continue
        match = SAMPLE.match(line)
        assert match, f"no sample: {line}"
        family = family_of(families, match[1], line)
        assert family is last or not family.samples, f"apart from its family: {line}"
        last = family
        key = match[1], labels_of(match[2] or "", line)
        assert key not in family.samples, f"twice: {line}"
        family.samples[key] = float(match[3])
    for family in families.values():
        assert family.kind and family.help is not None and family.samples, f"{family.name} is not whole"
        if family.kind == "histogram":
            check_histogram(family)
    return families
