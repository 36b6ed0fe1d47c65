"""pods/proxy: a request reaches what listens in a real pod, and its answer comes back as it comes."""
import hashlib
import http.client
import json
import unittest

from raw_api import RawApi
from stint_server import Server

# A page, a program that says what it was asked, one that changes the protocol and then gives back what it is given, and one that takes its time.
SCRIPT = r"""set -e
mkdir -p /tmp/www/cgi-bin /tmp/www/deep && cd /tmp/www
echo page >index.html
yes 0123456789abcdef | head -c 8000000 >big
cat >cgi-bin/echo <<'END'
#!/bin/sh
printf 'Content-Type: text/plain\r\n\r\n'
echo "$REQUEST_METHOD $QUERY_STRING"
env | grep -c secret || true
head -c "${CONTENT_LENGTH:-0}"
END
cat >/tmp/change <<'END'
#!/bin/sh
while read -r line && [ "$line" != "$(printf '\r')" ]; do :; done
printf 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo/1\r\n\r\n'
exec cat
END
cat >/tmp/slow <<'END'
#!/bin/sh
while read -r line && [ "$line" != "$(printf '\r')" ]; do :; done
printf 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n'
until [ -e /tmp/go ]; do sleep 0.1; done
echo gone
END
chmod +x cgi-bin/echo /tmp/change /tmp/slow
nc -ll -p 9001 -e /tmp/slow &
nc -ll -p 9000 -e /tmp/change &
exec httpd -f -p 8080 -h /tmp/www
"""
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
       "spec": {"terminationGracePeriodSeconds": 1,
                "containers": [{"name": "main", "image": "busybox", "imagePullPolicy": "Never", "command": ["sh", "-c", SCRIPT],
                                "ports": [{"containerPort": 8080}], "readinessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1}}]}}
BASE = "/api/v1/namespaces/default/pods/"


class Proxy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server().start()
        cls.addClassCleanup(cls.server.close)
        cls.server.kubectl("apply", "-f", "-", input=json.dumps(POD))
        cls.server.kubectl("wait", "--for=condition=ready", "pod/web", "--timeout=30s")
        cls.api = RawApi(json.loads(cls.server.kubectl("config", "view", "--raw", "-o", "json")))

    def connection(self):
        connection = http.client.HTTPSConnection(self.api.address, context=self.api.administrator, timeout=30)
        self.addCleanup(connection.close)
        return connection

    def answer(self, method, path, body=None):
        connection = self.connection()
        connection.request(method, BASE + path, body)
        return connection.getresponse()

    def test_a_page(self):
        for name in ("web", "web:8080", "http:web:8080"):
            self.assertEqual(self.api.request("GET", f"{BASE}{name}/proxy/"), (200, "page\n"), name)
        head = self.answer("HEAD", "web/proxy/")
        self.assertEqual((head.status, head.read()), (200, b""))
        self.assertEqual(self.server.kubectl("get", "--raw", f"{BASE}web/proxy/index.html"), "page\n")

    def test_the_pods_own_answers_stay_its_own(self):
        missing = self.answer("GET", "web/proxy/nowhere")
        self.assertEqual(missing.status, 404)
        self.assertNotIn(b"kind", missing.read())

    def test_a_body_and_a_query_reach_the_pod_and_no_credentials_do(self):
        token = self.server.kubectl("config", "view", "--raw", "-o", "jsonpath={.users[0].user.token}")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        body = "b" * 200_000
        status, text = self.api.request("POST", f"{BASE}web/proxy/cgi-bin/echo?a=%20b&c", body, {"Content-Type": "text/plain", **headers})
        self.assertEqual(status, 200)
        self.assertEqual(text, "POST a=%20b&c\n0\n" + body)

    def test_what_is_large_comes_whole(self):
        whole = (b"0123456789abcdef\n" * 500_000)[:8_000_000]
        answer = self.answer("GET", "web/proxy/big").read()
        self.assertEqual(hashlib.sha256(answer).hexdigest(), hashlib.sha256(whole).hexdigest())

    def test_redirections_stay_behind_the_proxy(self):
        bare = self.answer("GET", "web/proxy?q=1")
        self.assertEqual((bare.status, bare.getheader("Location")), (301, f"{BASE}web/proxy/?q=1"))
        moved = self.answer("GET", "web/proxy/deep")
        self.assertIn(moved.status, (301, 302))
        self.assertEqual(moved.getheader("Location"), f"{BASE}web/proxy/deep/")

    def test_a_changed_protocol(self):
        connection = self.connection()
        connection.request("GET", f"{BASE}web:9000/proxy/", headers={"Connection": "Upgrade", "Upgrade": "echo/1"})
        stream = connection.sock
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += stream.recv(1)
        self.assertTrue(head.startswith(b"HTTP/1.1 101 "), head)
        stream.sendall(b"there and back")
        back = b""
        while len(back) < 14:
            back += stream.recv(14)
        self.assertEqual(back, b"there and back")

    def test_the_head_does_not_wait_for_the_body(self):
        answer = self.answer("GET", "web:9001/proxy/")
        self.assertEqual((answer.status, answer.getheader("Content-Type")), (200, "text/event-stream"))
        self.server.kubectl("exec", "web", "--", "touch", "/tmp/go")
        self.assertEqual(answer.read(), b"gone\n")

    def test_where_nobody_listens(self):
        status, answer = self.api.request("GET", f"{BASE}web:9/proxy/")
        self.assertEqual((status, answer["reason"]), (503, "ServiceUnavailable"))
        self.assertTrue(answer["message"].startswith("error trying to reach service: dial tcp "), answer)
        self.assertEqual(self.api.request("GET", f"{BASE}web:http/proxy/")[0], 503)
        self.assertEqual(self.api.request("GET", f"{BASE}https:web:8080/proxy/")[0], 503)  # it speaks no TLS


if __name__ == "__main__":
    unittest.main()
