"""kill -9 at any moment: the server is killed again and again while a Job of 50 pods runs, and nothing is lost or counted twice."""
import os
import pathlib
import random
import time
import unittest

from stint_server import Server, wait_until

PODS = 50
KILLS = 20
LAST_PODS = 10  # wait for the last kill, so that the Job does not end before it
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
        command:
        - sh
        - -c
        - |
          echo attempt >>/work/counts/$HOSTNAME
          sleep $((RANDOM % 3)).$((RANDOM % 10))
          while [ $(ls /work/counts | wc -l) -gt {PODS - LAST_PODS} ] && [ ! -e /work/killed ]; do sleep 0.1; done
        volumeMounts: [{{name: work, mountPath: /work}}]
      volumes:
      - name: work
        hostPath: {{path: DIRECTORY}}
"""


class Crash(unittest.TestCase):
    def setUp(self):
        self.server = Server().start()
        self.addCleanup(self.server.close)

    def test_every_pod_is_counted_once_whenever_the_server_dies(self):
        server, chance = self.server, random.Random(SEED)
        work = pathlib.Path(server.dir) / "work"
        (work / "counts").mkdir(parents=True)
        server.kubectl("apply", "-f", "-", input=JOB.replace("DIRECTORY", str(work)))
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.0, 0.4))  # the moment is the input here, nothing is waited for
            server.kill()
            server.start()
        (work / "killed").touch()
        server.kubectl("wait", "--for=condition=complete", "job/many", "--timeout=120s", timeout=150)

        status = server.json("get", "job", "many")["status"]
        seen = f"seed {SEED}: {status}"
        failed = [p["status"] for p in server.json("get", "pods", "-l", "job-name=many")["items"] if p["status"]["phase"] == "Failed"]
        seen += f", failed: {failed}"
        self.assertEqual(status["succeeded"], PODS, seen)
        self.assertEqual(status.get("failed", 0), 0, seen)
        self.assertEqual(status.get("uncountedTerminatedPods", {}), {}, seen)
        pods = server.json("get", "pods", "-l", "job-name=many")["items"]
        self.assertEqual(len(pods), PODS, seen)
        self.assertEqual([p["metadata"]["name"] for p in pods if p["status"]["phase"] != "Succeeded"], [], seen)
        self.assertEqual([p["metadata"]["name"] for p in pods if p["metadata"].get("finalizers")], [], seen)
        attempts = {file.name: file.read_text().count("attempt") for file in (work / "counts").iterdir()}
        self.assertEqual(set(attempts), {p["metadata"]["name"] for p in pods}, seen)
        self.assertEqual({name: n for name, n in attempts.items() if n != 1}, {}, "ran more than once: " + seen)
        wait_until(lambda: not server.container_processes(), 10, "no container is left")


if __name__ == "__main__":
    unittest.main()
