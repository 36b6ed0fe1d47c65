"""A registry on the loopback that has one image, out of a docker-archive of test/images."""
import hashlib
import http.server
import json
import tarfile
import threading

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class LocalRegistry:
    """`image`: its name with the address. `user`: whom its containers are to run as, instead of what the archive says."""

    def __init__(self, archive, user=None):
        with tarfile.open(archive) as tar:
            read = lambda name: tar.extractfile(name).read()
            try:
                described = json.loads(read("manifest.json"))[0]
            except KeyError:  # as `tar -C folder .` names it
                read = lambda name: tar.extractfile(f"./{name}").read()
                described = json.loads(read("manifest.json"))[0]
            config, layers = read(described["Config"]), [read(name) for name in described["Layers"]]
        if user is not None:
            document = json.loads(config)
            document["config"]["User"] = user
            config = json.dumps(document).encode()
        self.blobs = {digest_of(blob): blob for blob in (config, *layers)}
        part = lambda media, blob: {"mediaType": media, "digest": digest_of(blob), "size": len(blob)}
        self.manifest = json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": part("application/vnd.oci.image.config.v1+json", config),
            "layers": [part("application/vnd.oci.image.layer.v1.tar", layer) for layer in layers]}).encode()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.image = f"127.0.0.1:{self.server.server_address[1]}/app:1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, path):
        """(status, media type, body)"""
        if path == "/v2/":
            return 200, "application/json", b"{}"
        kind, name = path.split("/")[-2:]
        if kind == "manifests" and name in ("1", digest_of(self.manifest)):
            return 200, MANIFEST, self.manifest
        if kind == "blobs" and name in self.blobs:
            return 200, "application/octet-stream", self.blobs[name]
        return 404, "application/json", b"{}"

    def handler(self):
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                status, media, body = registry.answer(self.path)
                self.send_response(status)
                self.send_header("Content-Type", media)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:  # whoever asked was killed
                    pass

            def log_message(self, *_):
                pass

        return Handler

    def close(self):
        self.server.shutdown()
        self.server.server_close()
