"""kill -9 at any moment: the server is killed again and again while a Job of 50 pods runs, and nothing is lost or counted twice."""
import os
import pathlib
import random
import time
import unittest

from stint_server import Server, wait_until

PODS = 50
KILLS = 20
SEED = int(os.environ.get("STINT_SEED", "20261124"))

JOB = f"""\
apiVersion: batch/v1
kind: Job
metadata:
  name: many
spec:
  completions: {PODS}
  parallelism: 10
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: busybox
        command: ["sh", "-c", "echo attempt >>/counts/$HOSTNAME; sleep $((RANDOM % 3)).$((RANDOM % 10))"]
        volumeMounts: [{{name: counts, mountPath: /counts}}]
      volumes:
      - name: counts
        hostPath: {{path: DIRECTORY}}
"""


class Crash(unittest.TestCase):
    def setUp(self):
        self.server = Server().start()
        self.addCleanup(self.server.close)

    def test_every_pod_is_counted_once_whenever_the_server_dies(self):
        server, chance = self.server, random.Random(SEED)
        counts = f"{server.dir}/counts"
        os.mkdir(counts)
        server.kubectl("apply", "-f", "-", input=JOB.replace("DIRECTORY", counts))
        kills = 0
        while kills < KILLS:
            time.sleep(chance.uniform(0.0, 0.4))  # the moment is the input here, nothing is waited for
            server.kill()
            kills += 1
            server.start()
            if (server.json("get", "job", "many")["status"].get("succeeded") or 0) == PODS:
                break
        server.kubectl("wait", "--for=condition=complete", "job/many", "--timeout=120s", timeout=150)

        status = server.json("get", "job", "many")["status"]
        seen = f"seed {SEED}, {kills} kills: {status}"
        failed = [p["status"] for p in server.json("get", "pods", "-l", "job-name=many")["items"] if p["status"]["phase"] == "Failed"]
        seen += f", failed: {failed}"
        self.assertEqual(kills, KILLS, "the Job ended before the last kill: " + seen)
        self.assertEqual(status["succeeded"], PODS, seen)
        self.assertEqual(status.get("failed", 0), 0, seen)
        self.assertEqual(status.get("uncountedTerminatedPods", {}), {}, seen)
        pods = server.json("get", "pods", "-l", "job-name=many")["items"]
        self.assertEqual(len(pods), PODS, seen)
        self.assertEqual([p["metadata"]["name"] for p in pods if p["status"]["phase"] != "Succeeded"], [], seen)
        self.assertEqual([p["metadata"]["name"] for p in pods if p["metadata"].get("finalizers")], [], seen)
        attempts = {file.name: file.read_text().count("attempt") for file in pathlib.Path(counts).iterdir()}
        self.assertEqual(set(attempts), {p["metadata"]["name"] for p in pods}, seen)
        self.assertEqual({name: n for name, n in attempts.items() if n != 1}, {}, "ran more than once: " + seen)
        wait_until(lambda: not server.container_processes(), 10, "no container is left")


if __name__ == "__main__":
    unittest.main()
