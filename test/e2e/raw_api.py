"""The API as bytes over HTTPS, for what kubectl would not send."""
import base64
import http.client
import json
import ssl
import tempfile
import urllib.parse


class RawApi:
    """`config`: an administrator's kubeconfig with a client certificate, as `kubectl config view --raw -o json` prints it."""

    def __init__(self, config):
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.address = urllib.parse.urlsplit(cluster["server"]).netloc
        authority = decoded(cluster["certificate-authority-data"]).decode()
        self.nobody, self.administrator = ssl.create_default_context(cadata=authority), ssl.create_default_context(cadata=authority)
        with tempfile.NamedTemporaryFile() as pem:
            pem.write(decoded(user["client-certificate-data"]) + decoded(user["client-key-data"]))
            pem.flush()
            self.administrator.load_cert_chain(pem.name)

    def request(self, method, path, body=None, headers=None, token=None):
        """(HTTP status, body as a dict where it is JSON, else as text). `token`: in place of the administrator's certificate; "" for none."""
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if isinstance(body, dict):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        context = self.administrator if token is None else self.nobody
        connection = http.client.HTTPSConnection(self.address, context=context, timeout=60)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
        finally:
            connection.close()
        try:
            return response.status, json.loads(text)
        except ValueError:
            return response.status, text


def decoded(text):
    return base64.b64decode(text)
