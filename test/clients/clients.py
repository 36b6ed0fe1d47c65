"""The clients that are promised to work, one entry each."""
import dataclasses
import pathlib
import sys
import typing

import install

HERE = pathlib.Path(__file__).resolve().parent


@dataclasses.dataclass
class Client:
    name: str
    what: str
    prepare: typing.Callable  # installs what is missing; (command, environment) of the story
    light: bool = False       # installs in seconds: part of what continuous integration runs
    runtime: str = "crun"
    serve_arguments: tuple = ()


def kubectl(version):
    return lambda: ([sys.executable, "-u", str(HERE / "kubectl/story.py"), install.kubectl(version)], {})


def client_go(version=None, format="json"):
    return lambda: ([install.go_program("client_go", version), format], {})


def python(story, *packages):
    return lambda: ([install.virtual_environment(*packages), "-u", str(HERE / "python" / story)], {})


def javascript():
    return ["node", str(install.node_modules(HERE / "javascript") / "story.js")], {}


def fabric8():
    return ["java", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", install.maven_classes(HERE / "fabric8"), "story.Story"], {}


def helm(version):
    return lambda: ([sys.executable, "-u", str(HERE / "helm/story.py"), install.helm(version), install.kubectl(version)], {})


CLIENTS = [
    Client("kubectl-1.27", "the oldest kubectl that is promised", kubectl(27), light=True),
    Client("kubectl-1.30", "kubectl of the year after", kubectl(30)),
    Client("kubectl-1.32", "the first kubectl that sends protobuf", kubectl(32)),
    Client("kubectl-1.35", "the newest kubectl that npm has", kubectl(35), light=True),
    Client("kubectl-1.37", "kubectl of the same version as the API", kubectl(37)),
    Client("client-go-0.37", "typed, dynamic and metadata clients, informers, leader election", client_go()),
    Client("client-go-0.37-protobuf", "the same, with protobuf both ways", client_go(format="protobuf")),
    Client("client-go-0.29", "the same, of years ago", client_go("v0.29.15")),
    Client("controller-runtime", "a small manager that reconciles Jobs", lambda: ([install.go_program("controller_runtime")], {})),
    Client("python", "the package kubernetes", python("story.py", "kubernetes==37.0.2")),
    Client("python-asyncio", "the package kubernetes_asyncio", python("asyncio_story.py", "kubernetes_asyncio==36.1.0")),
    Client("javascript", "the package @kubernetes/client-node", javascript),
    Client("fabric8", "Java; its watches come over WebSocket", fabric8),
    Client("helm-3", "a chart of Jobs, CronJobs and hooks, with Helm 3", helm(30)),
    Client("helm-4", "the same with Helm 4, which applies on the server", helm(35)),
]
