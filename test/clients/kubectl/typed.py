"""kubectl as a person types it: a command, what it prints, and what it says when it fails."""
import json
import os
import pathlib
import subprocess
import tempfile
import time


class Kubectl:
    def __init__(self, binary, namespace):
        self.binary = binary
        self.namespace = namespace
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="kubectl-story-"))
        version = json.loads(subprocess.run([binary, "version", "--client", "-o", "json"], check=True, capture_output=True, text=True).stdout)
        self.minor = int("".join(filter(str.isdigit, version["clientVersion"]["minor"])))

    def run(self, *arguments, input=None, timeout=120, env=None):
        if isinstance(input, (dict, list)):
            input = documents(input)
        return subprocess.run([self.binary, *arguments], input=input, capture_output=True, text=True, timeout=timeout, env=dict(os.environ, **(env or {})))

    def __call__(self, *arguments, input=None, timeout=120, env=None):
        """Standard output of a command that succeeds."""
        result = self.run(*arguments, input=input, timeout=timeout, env=env)
        if result.returncode != 0:
            raise AssertionError(f"kubectl {' '.join(arguments)}: exit {result.returncode}: {result.stdout}{result.stderr}")
        return result.stdout

    def says(self, wanted, *arguments, input=None, env=None):
        """`wanted` is part of what a command that succeeds prints."""
        output = self(*arguments, input=input, env=env)
        if wanted not in output:
            raise AssertionError(f"kubectl {' '.join(arguments)}: {wanted!r} is not in {output!r}")
        return output

    def fails(self, wanted, *arguments, input=None, code=1):
        """The command fails, and says `wanted` on standard error."""
        result = self.run(*arguments, input=input)
        if result.returncode != code or wanted not in result.stderr:
            raise AssertionError(f"kubectl {' '.join(arguments)}: exit {result.returncode}, {result.stdout}{result.stderr!r} instead of {wanted!r}")
        return result.stderr

    def json(self, *arguments):
        return json.loads(self(*arguments, "-o", "json"))

    def value(self, path, *arguments):
        return self("get", *arguments, "-o", f"jsonpath={{{path}}}")

    def file(self, name, content):
        """The path of a file with this content: text, an object, or a list of objects."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else documents(content))
        return str(path)

    def spawn(self, *arguments):
        return subprocess.Popen([self.binary, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def documents(objects):
    """A manifest of one object, or of a list of them."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects} if isinstance(objects, list) else objects)


def until(condition, what, timeout_s=30):
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s} s: {what}")
        time.sleep(0.1)
    return value


def pod_template(command, **pod):
    container = {"name": "c", "image": "busybox", "command": command}
    return {"spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "containers": [container], **pod}}


def job(name, command=("true",), labels=None, **spec):
    metadata = {"name": name, **({"labels": labels} if labels else {})}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {**spec, "template": pod_template(list(command))}}


def cron_job(name, schedule="0 0 1 1 *", labels=None, **spec):
    metadata = {"name": name, **({"labels": labels} if labels else {})}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata,
            "spec": {"schedule": schedule, **spec, "jobTemplate": {"spec": {"template": pod_template(["true"])}}}}


def config_map(name, data, labels=None):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **({"labels": labels} if labels else {})}, "data": data}
