"""What no two servers answer alike is replaced by a word, so that answers can be compared. This is the whole list:

  revisions           rv1, rv2 … by first appearance in the case, so that an unchanged one shows; RV in lists and bookmarks
  uids                uid1, uid2 …
  times near now      TIME, with microseconds MICROTIME; far ones are the client's own and stay
  generated names     name1, name2 …; where they are only spoken of, the base and XXXXX
  continue tokens     continue1 …
  ages                AGE, in tables and in kubectl's output
  addresses           SERVER for the server's host and port; NS for the case's namespace
  hashes              HASH, of documents; tokens: TOKEN
  sentences           TEXT for the descriptions of columns and fields: ours are our own"""
import datetime
import json
import re

UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
TIME = re.compile(r"\b(20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(?:Z|[+-]\d\d:\d\d)")
HTTP_TIME = re.compile(r"\b[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?:GMT|\+0000)")
AGE = re.compile(r"(?<![\w./-])\d+[smhdy](?:\d+[smhdy])?(?![\w./:-])")
LONG_HASH = re.compile(r"\b[0-9A-F]{128}\b")
TOKEN = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]+")
REVISION_IN_TEXT = re.compile(
    r"(in record \(|resource version: |resourceVersion: \"?|\\?\"resourceVersion\\?\":\s?\\?\"|current: |too old resource version: \d+ \(|in the precondition \()(\d+)")
YAML_LIST = re.compile(r'^(kind: \w+List\nmetadata:\n(?:  \w+: .*\n)*?  resourceVersion: )"\d+"', re.M)
TOKEN_VOLUME = re.compile(r"\bkube-api-access-[a-z0-9]{5}\b")
EDITED_FILE = re.compile(r"kubectl-\w+-edit-\d+")
GENERATED = re.compile(r"^(.*)([bcdfghjklmnpqrstvwxz2456789]{5})$")


class Masks:
    """One for each case: it remembers what was seen, for later answers and for $rv1 and the like in later requests."""

    def __init__(self, namespace, server):
        self.fixed = [(namespace, "$NS"), (server, "SERVER")]
        self.seen = {}  # (kind of word, value) → word
        self.bases = []  # the generateNames that were asked for
        self.columns = []  # of the last table: only a watch's first event names them
        self.values = {"NS": namespace, "SERVER": server}

    def substitute(self, text):
        def value(match):
            if match[1] not in self.values:
                raise KeyError(f"${match[1]} is not known yet")
            return self.values[match[1]]

        return re.sub(r"\$((?:rv|uid|continue|name)\d+|NS|SERVER)\b", value, text)

    def word(self, prefix, value):
        if (prefix, value) not in self.seen:
            number = sum(1 for kind, _ in self.seen if kind == prefix) + 1
            self.seen[prefix, value] = f"{prefix}{number}"
            self.values[f"{prefix}{number}"] = value
        return self.seen[prefix, value]

    # --- text

    def text(self, text, ages=False):
        for value, word in self.fixed:
            text = text.replace(value, word)
        for (prefix, value), word in self.seen.items():
            if prefix == "name":
                text = text.replace(value, word)
        for base in self.bases:
            text = re.sub(re.escape(base) + r"[bcdfghjklmnpqrstvwxz2456789]{5}\b", base + "XXXXX", text)
        text = TOKEN_VOLUME.sub("kube-api-access-XXXXX", EDITED_FILE.sub("EDITED", text))
        text = TIME.sub(self._time, text)
        text = HTTP_TIME.sub("TIME", text)
        text = UUID.sub(lambda match: self.word("uid", match[0]), text)
        text = YAML_LIST.sub(r'\1"RV"', text)
        text = REVISION_IN_TEXT.sub(self._revision_in_text, text)
        text = LONG_HASH.sub("HASH", TOKEN.sub("TOKEN", text))
        return AGE.sub("AGE", text) if ages else text

    def _revision_in_text(self, match):
        before = re.sub(r"too old resource version: \d+", "too old resource version: RV", match[1])
        if int(match[2]) < 10 and "too old" not in before:
            return before + match[2]  # nobody's revision: the client made it up
        return before + (self.seen.get(("rv", match[2])) or "RV")

    @staticmethod
    def _time(match):
        try:
            time = datetime.datetime.fromisoformat(match[1])
        except ValueError:
            return match[0]
        if abs(time - datetime.datetime.utcnow()) > datetime.timedelta(days=2):
            return match[0]
        return "MICROTIME" if match[2] else "TIME"

    # --- JSON

    def json(self, value):
        """In the order of the keys, so that no server's own order decides what is called uid1."""
        if isinstance(value, dict):
            value = dict(sorted(value.items()))
            if value.get("kind") == "Table" and "columnDefinitions" in value or "rows" in value:
                value = self._table(value)
            is_list = isinstance(value.get("items"), list) or "rows" in value
            return {self.text(key): self._member(key, member, value, is_list) for key, member in value.items()}
        if isinstance(value, list):
            return [self.json(element) for element in value]
        return self.text(value) if isinstance(value, str) else value

    def _member(self, key, member, parent, is_list):
        if key == "metadata" and isinstance(member, dict):
            return self._metadata(member, is_list)
        if key == "resourceVersion" and isinstance(member, str) and member.isdigit() and int(member) >= 10:
            return self.word("rv", member)
        if key == "description" and isinstance(member, str):
            return "TEXT"
        if key == "serverRelativeURL" or key == "hash":
            return LONG_HASH.sub("HASH", member)
        if key == "object" and isinstance(member, dict) and parent.get("type") == "BOOKMARK":
            return self._bookmark(member)
        return self.json(member)

    def _metadata(self, metadata, is_list):
        metadata = dict(sorted(metadata.items()))
        metadata.pop("managedFields", None)
        base, name = metadata.get("generateName"), metadata.get("name")
        if base and name and name.startswith(base[:58]) and GENERATED.match(name):
            self.word("name", name)
        if is_list:
            for key, word in (("resourceVersion", lambda v: "RV"), ("continue", lambda v: self.word("continue", v))):
                if metadata.get(key):
                    metadata[key] = word(metadata[key])
            return {key: member if key in ("resourceVersion", "continue") else self.json(member) for key, member in metadata.items()}
        if metadata.get("continue"):
            metadata["continue"] = self.word("continue", metadata["continue"])
        return {key: self._member(key, member, metadata, False) if key != "continue" else member for key, member in metadata.items()}

    def _bookmark(self, value):
        text = json.dumps(value)
        revision = re.search(r'"resourceVersion": "(\d+)"', text)
        return self.json(json.loads(text.replace(f'"{revision[1]}"', '"RV"'))) if revision else self.json(value)

    def _table(self, table):
        names = [column["name"] for column in table.get("columnDefinitions") or []]
        if names:
            self.columns = names
        names = names or self.columns
        rows = []
        for row in table.get("rows") or []:
            ended = "Complete" in row["cells"]  # its duration is a fact, all others grow
            cells = [self._cell(names[i] if i < len(names) else "", cell, ended) for i, cell in enumerate(row["cells"])]
            rows.append({**row, "cells": cells})
        return {**table, "rows": rows} if "rows" in table else table

    @staticmethod
    def _cell(column, cell, ended):
        aged = column in ("Age", "Last Seen", "First Seen", "Last Schedule", "Restarts") or column == "Duration" and not ended
        return AGE.sub("AGE", cell) if aged and isinstance(cell, str) else cell
