"""A small client of the Kubernetes API for measuring: one kept connection for calls and one a watch, nothing started for each call."""
import base64
import http.client
import json
import re
import ssl
import tempfile
import urllib.parse

TIMEOUT_S = 300


class ApiError(Exception):
    pass


class ApiClient:
    def __init__(self, kubeconfig):
        text = open(kubeconfig).read()

        def value(key):
            return re.search(rf"^\s*{key}: (\S+)$", text, re.M).group(1)

        self.address = urllib.parse.urlsplit(value("server"))
        self.tls = ssl.create_default_context(cadata=base64.b64decode(value("certificate-authority-data")).decode())
        with tempfile.NamedTemporaryFile("wb", prefix="stint-bench-") as pem:  # 0600, and gone at once
            pem.write(base64.b64decode(value("client-certificate-data")) + base64.b64decode(value("client-key-data")))
            pem.flush()
            self.tls.load_cert_chain(pem.name)
        self.connection = self.connect()

    def connect(self):
        return http.client.HTTPSConnection(self.address.hostname, self.address.port, context=self.tls, timeout=TIMEOUT_S)

    def call(self, method, path, body=None):
        self.connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"})
        response = self.connection.getresponse()
        answer = json.loads(response.read())
        if response.status >= 300:
            raise ApiError(f"{method} {path}: {answer.get('message')}")
        return answer

    def watch(self, path, name, resource_version):
        """Every state of one object after resource_version."""
        query = urllib.parse.urlencode({"watch": "true", "fieldSelector": f"metadata.name={name}", "resourceVersion": resource_version})
        connection = self.connect()
        try:
            connection.request("GET", f"{path}?{query}")
            response = connection.getresponse()
            if response.status != 200:
                raise ApiError(f"watch {path}: {response.read().decode(errors='replace')}")
            while line := response.readline():
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise ApiError(f"watch {path}: {event['object'].get('message')}")
                yield event["object"]
        finally:
            connection.close()
        raise ApiError(f"watch {path}: it ended before {name} did")


def run_job(client, name, image, completions=1, parallelism=1):
    """Creates a Job of `true` and waits until it is complete."""
    path = "/apis/batch/v1/namespaces/default/jobs"
    container = {"name": "c", "image": image, "imagePullPolicy": "Never", "command": ["true"]}
    job = client.call("POST", path, {
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
        "spec": {"completions": completions, "parallelism": parallelism,
                 "template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}})
    for state in client.watch(path, name, job["metadata"]["resourceVersion"]):
        true_conditions = {c["type"]: c.get("message") for c in state["status"].get("conditions", []) if c["status"] == "True"}
        if "Failed" in true_conditions:
            raise ApiError(f"job {name} failed: {true_conditions['Failed']}")
        if "Complete" in true_conditions:
            return
