"""A CronJob makes a Job a minute, named as upstream names it."""
import re
import time
import unittest

from lab import CRON_JOB
from stint_server import Server, wait_until


class CronJob(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server().start()
        cls.addClassCleanup(cls.server.close)

    def test_makes_a_job_a_minute(self):
        kubectl = self.server.kubectl
        kubectl("apply", "-f", "-", input=CRON_JOB)
        names = lambda: kubectl("get", "jobs", "-o", "jsonpath={.items[*].metadata.name}").split()
        first = wait_until(names, 70, "the first minute's Job")[0]
        self.assertRegex(first, r"^tick-\d{8}$")
        self.assertLessEqual(abs(int(first.removeprefix("tick-")) * 60 - time.time()), 10)
        kubectl("wait", "--for=condition=complete", f"job/{first}", "--timeout=30s")
        self.assertEqual(kubectl("logs", f"job/{first}"), "tick\n")
        wait_until(lambda: len(names()) == 2, 70, "the next minute's Job")
        self.assertEqual(int(names()[1].removeprefix("tick-")), int(first.removeprefix("tick-")) + 1)
        self.assertRegex(kubectl("get", "cj"), re.compile(r"^tick +\*/1 \* \* \* \* +<none> +False +[01] +\d+s", re.M))
        kubectl("create", "job", "by-hand", "--from=cronjob/tick")
        kubectl("wait", "--for=condition=complete", "job/by-hand", "--timeout=30s")
        kubectl("delete", "cronjob", "tick")
        wait_until(lambda: "tick" not in " ".join(names()), 30, "a CronJob's Jobs go with it")


if __name__ == "__main__":
    unittest.main()
