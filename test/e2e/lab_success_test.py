"""The lab, helped: two attempts fail, the value changes, the third completes; 180 s later everything is gone."""
import json
import time
import unittest

from lab import Lab, instant
from stint_server import wait_until


class LabSuccess(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab()
        cls.addClassCleanup(cls.lab.close)

    def test_the_value_decides_and_the_time_to_live_removes(self):
        lab, kubectl = self.lab, self.lab.server.kubectl
        lab.set_value(1)
        kubectl("apply", "-f", lab.manifest)
        wait_until(lambda: lab.phases() == ["Failed"], 20, "the first attempt fails")
        self.assertIn('job.batch "demo-job" deleted', kubectl("delete", "-f", lab.manifest))
        wait_until(lambda: lab.pods() == [], 20, "the pods go with their Job")

        kubectl("apply", "-f", lab.manifest)
        wait_until(lambda: lab.phases() == ["Failed", "Failed"], 40, "two attempts fail")
        lab.set_value(0)
        kubectl("wait", "--for=condition=complete", "job/demo-job", "--timeout=60s")
        self.assertEqual(lab.phases(), ["Failed", "Failed", "Succeeded"])
        newest = lab.pods()[-1]["metadata"]["name"]
        self.assertRegex(kubectl("get", "pods"), newest + r" +0/1 +Completed +0 ")
        self.assertIn('the service says "0"', kubectl("logs", newest))
        raw = json.loads(kubectl("get", "--raw", f"/apis/batch/v1/namespaces/{lab.namespace}/jobs"))
        status = next(item["status"] for item in raw["items"] if item["metadata"]["name"] == "demo-job")
        self.assertEqual((status["succeeded"], status["failed"]), (1, 2))

        finished = instant(status["completionTime"]).timestamp()
        time.sleep(max(0, finished + 175 - time.time()))
        self.assertEqual(len(lab.pods()), 3, "nothing goes before its time")
        gone = lambda: "NotFound" in lab.server.run("get", "job", "demo-job").stderr and lab.pods() == []
        wait_until(gone, 15, "Job and pods go 180 s after the finish")
        self.assertGreaterEqual(time.time() - finished, 179)


if __name__ == "__main__":
    unittest.main()
