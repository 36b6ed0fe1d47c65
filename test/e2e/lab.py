"""The lab's parts, shared by its suites: the manifests as a user has them, the namespace, the key-value service."""
import datetime

from stint_server import KeyValue, Server, wait_until

JOB = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: demo-job
spec:
  ttlSecondsAfterFinished: {ttl}
  backoffLimit: 4
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: demo
        image: bash
        command: ["/usr/local/bin/bash"]
        args:
        - -c
        - |
          apk add curl
          CODE=$(curl -s {url}/api/KeyVal/GetValue/{app}/job-demo)
          echo "the service says $CODE"
          exit ${{CODE:1:1}}
"""

CRON_JOB = """\
apiVersion: batch/v1
kind: CronJob
metadata:
  name: tick
spec:
  schedule: "*/1 * * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: OnFailure
          containers:
          - name: tick
            image: busybox
            command: ["sh", "-c", "echo tick"]
"""


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


class Lab:
    """A server, the service beside it, and a namespace of the user's."""

    def __init__(self, ttl=180, namespace="demo-user"):
        self.server = Server().start()
        self.namespace = namespace
        kubectl = self.server.kubectl
        kubectl("create", "ns", namespace)
        kubectl("config", "set-context", "--namespace", namespace, "--current")
        address = wait_until(self.node_address, 10, "the node publishes its address")
        self.service = KeyValue(f"{self.server.dir}/keyvalue", f"{address}:0")
        status, body = self.service.call("GET", "/api/KeyVal/GetAppKey")
        assert status == 200 and len(body) == 10, body
        self.app = body[1:9]
        url = f"http://host.stint.internal:{self.service.port}"
        self.manifest = f"{self.server.dir}/job.yaml"
        with open(self.manifest, "w") as file:
            file.write(JOB.format(ttl=ttl, url=url, app=self.app))

    def node_address(self):
        return self.server.kubectl("get", "nodes", "-o", 'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}')

    def set_value(self, value):
        status, body = self.service.call("POST", f"/api/KeyVal/UpdateValue/{self.app}/job-demo/{value}")
        assert (status, body) == (200, "true"), (status, body)

    def job(self):
        return self.server.json("get", "job", "demo-job")

    def pods(self):
        """The Job's pods, oldest first."""
        items = self.server.json("get", "pods", "-l", "job-name=demo-job")["items"]
        return sorted(items, key=lambda pod: instant(pod["metadata"]["creationTimestamp"]))

    def phases(self):
        return [pod["status"]["phase"] for pod in self.pods()]

    def close(self):
        self.service.close()
        self.server.close()
