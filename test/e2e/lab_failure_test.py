"""The lab, left alone: five attempts with upstream's waits between them, then BackoffLimitExceeded."""
import re
import threading
import unittest

from lab import Lab, instant
from stint_server import wait_until


class LabFailure(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab()
        cls.addClassCleanup(cls.lab.close)

    def test_five_attempts_end_in_error_with_upstreams_waits(self):
        lab, kubectl = self.lab, self.lab.server.kubectl
        lab.set_value(1)
        self.assertEqual(lab.service.call("GET", f"/api/KeyVal/GetValue/{lab.app}/job-demo"), (200, '"1"'))
        watch = lab.server.spawn("get", "pods", "--watch")
        lines = []
        reader = threading.Thread(target=lambda: lines.extend(watch.stdout), daemon=True)
        reader.start()
        self.assertIn("job.batch/demo-job created", kubectl("apply", "-f", lab.manifest))
        self.assertIn("unchanged", kubectl("apply", "-f", lab.manifest))
        wait_until(lambda: lab.phases() == ["Failed"], 20, "the first attempt fails")
        everything = kubectl("get", "all")
        self.assertRegex(everything, r"pod/demo-job-\w{5} +0/1 +Error")
        self.assertRegex(everything, r"job.batch/demo-job +Running +0/1")

        kubectl("wait", "--for=condition=failed", "job/demo-job", "--timeout=220s", timeout=240)
        watch.terminate()
        reader.join()
        watch.stdout.close()

        pods = lab.pods()
        self.assertEqual([pod["status"]["phase"] for pod in pods], ["Failed"] * 5)
        ends = [instant(pod["status"]["containerStatuses"][0]["state"]["terminated"]["finishedAt"]) for pod in pods]
        starts = [instant(pod["metadata"]["creationTimestamp"]) for pod in pods]
        waits = [(start - end).total_seconds() for end, start in zip(ends, starts[1:])]
        for wait, expected in zip(waits, [10, 20, 40, 80]):
            self.assertTrue(expected - 1 <= wait <= expected + 2, f"waits were {waits}")
        conditions = {c["type"]: c for c in lab.job()["status"]["conditions"]}
        self.assertEqual(conditions["Failed"]["reason"], "BackoffLimitExceeded")
        self.assertEqual(conditions["FailureTarget"]["reason"], "BackoffLimitExceeded")
        self.assertEqual(lab.job()["status"]["failed"], 5)

        first = pods[0]["metadata"]["name"]
        seen = [line.split()[2] for line in lines if line.startswith(first)]
        in_order = [s for i, s in enumerate(seen) if i == 0 or seen[i - 1] != s]
        self.assertEqual(in_order, ["Pending", "ContainerCreating", "Running", "Error"], lines)
        self.assertIn('the service says "1"', kubectl("logs", first))
        described = kubectl("describe", "job", "demo-job")
        self.assertRegex(described, r"SuccessfulCreate +\S+ .*Created pod: " + re.escape(first))
        self.assertRegex(described, r"Warning +BackoffLimitExceeded")
        self.assertRegex(kubectl("describe", "pod", first), r"Scheduled[\s\S]*Pulled[\s\S]*Created[\s\S]*Started")


if __name__ == "__main__":
    unittest.main()
