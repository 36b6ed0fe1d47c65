"""What a batch user does with kubectl, from the first namespace to its deletion. usage: story.py KUBECTL   (KUBECONFIG names the server)"""
import pathlib
import shutil
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))

import changing  # noqa: E402
import creating  # noqa: E402
import removing  # noqa: E402
import showing  # noqa: E402
import tap  # noqa: E402
from typed import Kubectl  # noqa: E402


def has_a_namespace_to_work_in(k):
    k.says(f"namespace/{k.namespace} created", "create", "ns", k.namespace)
    k("config", "set-context", "--current", "--namespace", k.namespace)
    tap.expect(k("get", "serviceaccounts", "-o", "name").strip() == "serviceaccount/default", "the default service account is there")
    k("get", "configmap", "kube-root-ca.crt")


def leaves_nothing_behind(k):
    k("delete", "ns", k.namespace, "--timeout=120s")
    k.fails("NotFound", "get", "ns", k.namespace)


if __name__ == "__main__":
    kubectl = Kubectl(sys.argv[1], "story")
    try:
        code = tap.tell([has_a_namespace_to_work_in, *creating.CLAIMS, *showing.CLAIMS, *changing.CLAIMS, *removing.CLAIMS, leaves_nothing_behind], kubectl)
    finally:
        shutil.rmtree(kubectl.directory, ignore_errors=True)
    sys.exit(code)
