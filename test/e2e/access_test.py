"""Who may do what, with real kubectl and from inside a real container."""
import json
import unittest

from stint_server import Server, kubectl_path, wait_until

INNER = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "inner"},
         "spec": {"template": {"spec": {"restartPolicy": "Never", "automountServiceAccountToken": False,
                                        "containers": [{"name": "main", "image": "busybox", "imagePullPolicy": "Never", "command": ["true"]}]}}}}

SCRIPT = f"""set -e
dir=/var/run/secrets/kubernetes.io/serviceaccount
test "$(cat $dir/namespace)" = team
call() {{ curl -sS --fail-with-body --cacert $dir/ca.crt -H "Authorization: Bearer $(cat $dir/token)" "$@"; }}
api=https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT
call $api/apis/batch/v1/namespaces/team/jobs -H 'Content-Type: application/json' -d '{json.dumps(INNER)}' >/dev/null
call $api/api/v1/namespaces/team/secrets || echo
echo "$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT_HTTPS $KUBERNETES_PORT"
"""


class Access(unittest.TestCase):
    version = None

    @classmethod
    def setUpClass(cls):
        cls.server = Server(kubectl=kubectl_path(cls.version)).start()
        cls.addClassCleanup(cls.server.close)
        kubectl = cls.server.kubectl
        kubectl("create", "ns", "team")
        kubectl("create", "serviceaccount", "robot", "-n", "team")
        kubectl("create", "role", "jobs", "--verb=create,get", "--resource=jobs", "-n", "team")
        kubectl("create", "rolebinding", "robot", "--role=jobs", "--serviceaccount=team:robot", "-n", "team")

    def robot(self, *arguments):
        token = self.server.kubectl("create", "token", "robot", "-n", "team").strip()
        self.server.kubectl("config", "set-credentials", "robot", f"--token={token}")
        return self.server.run("--user", "robot", *arguments)

    def test_a_job_creates_a_job(self):
        job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "outer", "namespace": "team"},
               "spec": {"backoffLimit": 0, "template": {"spec": {
                   "restartPolicy": "Never", "serviceAccountName": "robot",
                   "containers": [{"name": "main", "image": "bash", "imagePullPolicy": "Never", "command": ["bash", "-c", SCRIPT]}]}}}}
        kubectl = self.server.kubectl
        kubectl("apply", "-f", "-", input=json.dumps(job))
        wait_until(lambda: self.server.run("get", "job/outer", "-n", "team", "-o", "jsonpath={.status.conditions[*].type}").stdout, 30, "an end")
        log = kubectl("logs", "job/outer", "-n", "team")
        self.assertIn("Complete", kubectl("get", "job/outer", "-n", "team", "-o", "jsonpath={.status.conditions[*].type}"), log)
        self.assertIn('secrets is forbidden: User \\"system:serviceaccount:team:robot\\" cannot list resource \\"secrets\\"', log)
        address = kubectl("get", "service", "kubernetes", "-n", "default", "-o", "jsonpath={.spec.clusterIP}")
        self.assertIn(address + ":", log)
        kubectl("wait", "--for=condition=complete", "job/inner", "-n", "team", "--timeout=30s")

    def test_an_account_may_do_what_its_role_says(self):
        self.assertEqual(self.robot("auth", "can-i", "create", "jobs", "-n", "team").stdout, "yes\n")
        self.assertEqual(self.robot("auth", "can-i", "delete", "jobs", "-n", "team").stdout, "no\n")
        self.assertIn("jobs.batch", self.robot("auth", "can-i", "--list", "-n", "team").stdout)
        refused = self.robot("get", "pods", "-n", "team")
        self.assertEqual(refused.returncode, 1)
        self.assertIn('Error from server (Forbidden): pods is forbidden: User "system:serviceaccount:team:robot" cannot list resource "pods" '
                      'in API group "" in the namespace "team"', refused.stderr)
        if self.version is None:  # 1.27 asks for versions of the review that are gone
            self.assertIn("system:serviceaccount:team:robot", self.robot("auth", "whoami").stdout)

    def test_the_administrator_asks_for_others(self):
        robot = "system:serviceaccount:team:robot"
        self.assertEqual(self.server.run("auth", "can-i", "get", "jobs", "-n", "team", "--as", robot).stdout, "yes\n")
        self.assertEqual(self.server.run("auth", "can-i", "get", "jobs", "-n", "default", "--as", robot).stdout, "no\n")
        self.assertEqual(self.server.run("auth", "can-i", "*", "*").stdout, "yes\n")
        if self.version is None:  # 1.27 asks for versions of the review that are gone
            self.assertIn("stint-admin", self.server.kubectl("auth", "whoami"))

    def test_a_namespace_is_handed_over_by_the_role_admin(self):
        kubectl = self.server.kubectl
        kubectl("create", "ns", "handed")
        kubectl("create", "rolebinding", "ann", "--clusterrole=admin", "--user=ann", "-n", "handed")
        can = lambda *what: self.server.run("auth", "can-i", *what, "-n", "handed", "--as", "ann").stdout.strip()
        wait_until(lambda: can("create", "cronjobs") == "yes", 5, "the rules that admin joins")
        self.assertEqual([can("create", "rolebindings"), can("get", "pods/log"), can("update", "resourcequotas")], ["yes", "yes", "no"])
        more = self.server.run("create", "role", "more", "--verb=get", "--resource=nodes", "-n", "handed", "--as", "ann")
        self.assertIn("is attempting to grant RBAC permissions not currently held", more.stderr)

    def test_a_secret_gets_a_token_that_is_good(self):
        secret = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token",
                  "metadata": {"name": "key", "namespace": "team", "annotations": {"kubernetes.io/service-account.name": "robot"}}}
        self.server.kubectl("apply", "-f", "-", input=json.dumps(secret))
        data = wait_until(lambda: self.server.json("get", "secret", "key", "-n", "team").get("data", {}), 5, "a token")
        self.assertEqual(sorted(data), ["ca.crt", "namespace", "token"])

    def test_tokens_and_rights_outlive_the_server(self):
        token = self.server.kubectl("create", "token", "robot", "-n", "team").strip()
        self.server.stop()
        self.server.start()
        self.server.kubectl("config", "set-credentials", "robot", f"--token={token}")
        self.assertEqual(self.server.run("--user", "robot", "auth", "can-i", "get", "jobs", "-n", "team").stdout, "yes\n")


class AccessWith127(Access):
    version = 27

    def test_tokens_and_rights_outlive_the_server(self):
        self.skipTest("once is enough")


if __name__ == "__main__":
    unittest.main()
