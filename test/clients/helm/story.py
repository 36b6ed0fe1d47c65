"""What a user does with Helm: a chart of Jobs, CronJobs and hooks comes, changes and goes. usage: story.py HELM KUBECTL"""
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "kubectl")]

from tap import expect, tell  # noqa: E402
from typed import Kubectl  # noqa: E402

CHART = str(HERE / "batch")
NAMESPACE = "helm"


class Story:
    def __init__(self, helm, kubectl):
        self.helm_binary, self.kubectl = helm, Kubectl(kubectl, NAMESPACE)

    def helm(self, *arguments, ok=True):
        result = subprocess.run([self.helm_binary, *arguments, "-n", NAMESPACE], capture_output=True, text=True, timeout=300, env=os.environ)
        expect((result.returncode == 0) == ok, f"helm {' '.join(arguments)}: exit {result.returncode}: {result.stdout}{result.stderr}")
        return result.stdout + result.stderr

    def exists(self, what):
        return self.kubectl.run("get", what, "-n", NAMESPACE).returncode == 0

    def log(self, job):
        return self.kubectl("logs", f"job/{job}", "-n", NAMESPACE)

    def installs_and_waits_for_hooks_and_jobs(self):
        output = self.helm("install", "nightly", CHART, "--create-namespace", "--wait", "--wait-for-jobs", "--timeout", "2m")
        expect("STATUS: deployed" in output, output)
        expect(self.exists("cronjob/nightly-report") and self.log("nightly-work") == "first\n", "the CronJob and the Job's log")
        expect(not self.exists("job/nightly-before"), "the hook that succeeded was deleted")
        expect(self.log("nightly-after").strip() == "after install", "the hook that stays")

    def lists_and_shows_the_release(self):
        releases = json.loads(self.helm("list", "-o", "json"))
        expect([(r["name"], r["status"], r["revision"]) for r in releases] == [("nightly", "deployed", "1")], releases)
        expect("kind: CronJob" in self.helm("get", "manifest", "nightly"), "the manifest")
        expect("nightly" in self.helm("status", "nightly"), "the status")

    def upgrades(self):
        self.helm("upgrade", "nightly", CHART, "--set", "schedule=5 4 * * *,word=second,revision=2", "--wait", "--wait-for-jobs", "--timeout", "2m")
        schedule = self.kubectl("get", "cronjob", "nightly-report", "-n", NAMESPACE, "-o", "jsonpath={.spec.schedule}")
        expect(schedule == "5 4 * * *" and self.log("nightly-work-2") == "second\n", schedule)
        expect(not self.exists("job/nightly-work"), "what the chart no longer has is gone")

    def a_failing_upgrade_is_told_and_rolled_back(self):
        output = self.helm("upgrade", "nightly", CHART, "--reuse-values", "--set", "schedule=every night", ok=False)
        expect("Invalid value" in output, output)
        self.helm("upgrade", "nightly", CHART, "--reuse-values", "--set", "hookExit=3", "--timeout", "1m", ok=False)
        self.helm("rollback", "nightly", "2", "--wait", "--timeout", "2m")
        expect(self.kubectl("get", "cronjob", "nightly-report", "-n", NAMESPACE, "-o", "jsonpath={.spec.schedule}") == "5 4 * * *", "as it was")
        expect("Rollback to 2" in self.helm("history", "nightly"), "the history")

    def runs_its_tests(self):
        expect("Succeeded" in self.helm("test", "nightly"), "the test hook")

    def renders_against_the_server(self):
        expect("kind: CronJob" in self.helm("template", "nightly", CHART, "--validate", ok=True), "rendered")
        expect("dry-report" in self.helm("install", "dry", CHART, "--dry-run=server"), "dry run")

    def uninstalls(self):
        self.helm("uninstall", "nightly", "--wait", "--timeout", "2m")
        expect(not self.exists("cronjob/nightly-report") and not self.exists("job/nightly-work-2"), "everything of the release is gone")
        expect(json.loads(self.helm("list", "-o", "json")) == [], "no release")
        self.kubectl("delete", "ns", NAMESPACE, "--timeout=90s")

    def claims(self):
        return [self.installs_and_waits_for_hooks_and_jobs, self.lists_and_shows_the_release, self.upgrades, self.a_failing_upgrade_is_told_and_rolled_back,
                self.runs_its_tests, self.renders_against_the_server, self.uninstalls]


if __name__ == "__main__":
    sys.exit(tell(Story(sys.argv[1], sys.argv[2]).claims()))
