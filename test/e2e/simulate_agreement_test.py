"""stint simulate against what upstream did with the same manifests for real, as test/simulate/record.py wrote it down.

What a manifest decides (attempts, exit codes, back-off, deadlines, the time to live) agrees within SECONDS. What upstream's controller takes
to notice that a pod has ended does not: it waits a second before each sync, an end takes it two or three, and stint acts at once
(docs/adr/0013). REACTION is that time."""
import datetime
import json
import pathlib
import shlex
import subprocess
import unittest

from stint_server import STINT

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "simulate"
RECORDED = json.loads((FOLDER / "recorded.json").read_text())
SECONDS = 2
REACTION = 2


def simulated(manifest):
    options = shlex.split(manifest.read_text().splitlines()[0].removeprefix("# stint simulate"))
    start = "2026-01-01T00:00:00Z"
    command = [STINT, "simulate", "-f", str(manifest), "--start", start, "-o", "json", *options]
    job = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["jobs"][0]
    return in_seconds(job, start)


def in_seconds(job, start):
    """The Job with its times as seconds since `start`."""
    moment = lambda text: datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    since = lambda text: None if text is None else (moment(text) - moment(start)).total_seconds()
    attempts = [{**attempt, "start": since(attempt["start"]), "end": since(attempt["end"])} for attempt in job["attempts"]]
    return {**job, "attempts": attempts, "at": since(job["at"]), "deletedAt": since(job["deletedAt"])}


def steps(job):
    """Each attempt as (index, exit code, seconds since something ended before it, seconds that it ran, itself): on a real machine each start takes
    a moment, and these moments add up over a Job's life, so that each wait is compared by itself."""
    attempts = sorted(job["attempts"], key=lambda a: (a["start"], -1 if a["index"] is None else a["index"]))
    for attempt in attempts:
        ended = [other["end"] for other in attempts if other is not attempt and other["end"] <= attempt["start"]]
        yield attempt["index"], attempt["exitCode"], attempt["start"] - max(ended, default=0), attempt["end"] - attempt["start"], attempt


class SimulateAgreement(unittest.TestCase):
    def close(self, one, other, what):
        self.assertLessEqual(abs(one - other), SECONDS, f"{what}: {one} s, and upstream {other} s")

    def agree(self, ours, upstream):
        for field in ("condition", "reason", "succeeded", "failed", "completedIndexes", "failedIndexes"):
            self.assertEqual(ours[field], upstream[field], field)
        mine, theirs = list(steps(ours)), list(steps(upstream))
        self.assertEqual([step[:2] for step in mine], [step[:2] for step in theirs], "indexes and exit codes")
        for number, (one, other) in enumerate(zip(mine, theirs), 1):
            at_once = one[4]["reason"] == "NextCompletion"
            self.close(one[2] + (REACTION if at_once else 0), other[2], f"the wait before attempt {number}")
            self.close(one[3], other[3], f"attempt {number} ran")
        last = lambda job: max(attempt["end"] for attempt in job["attempts"])
        self.close(ours["at"] - last(ours) + REACTION, upstream["at"] - last(upstream), "from the last end to the Job's")
        self.assertEqual(ours["deletedAt"] is None, upstream["deletedAt"] is None, "whether it is removed")
        if ours["deletedAt"] is not None:
            self.close(ours["deletedAt"] - ours["at"], upstream["deletedAt"] - upstream["at"], "the time to live")

    def test_every_manifest_was_run_for_real(self):
        self.assertEqual(sorted(m.stem for m in (FOLDER / "manifests").glob("*.yaml")), sorted(RECORDED))
        self.assertGreaterEqual(len(RECORDED), 10)


def add(name):
    def test(self):
        self.agree(simulated(FOLDER / "manifests" / f"{name}.yaml"), RECORDED[name])

    setattr(SimulateAgreement, f"test_{name.replace('-', '_')}", test)


for each in RECORDED:
    add(each)

if __name__ == "__main__":
    unittest.main()
