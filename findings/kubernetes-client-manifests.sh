#!/usr/bin/env bash
# The Python client of Kubernetes refuses manifests that the API server takes, before it sends them.
#
# Versions: kubernetes 37.0.2 (models are pydantic's) against 35.0.0.
# Behaviour: a manifest that is a dictionary (from YAML) is made into the client's own model first. `cpu: 1`, which YAML reads
# as a number and every API server takes as a quantity, is refused, and so is a field that a newer Kubernetes has and this
# client does not know; `create_from_dict` and `create_from_yaml` refuse them as well. Patches are sent as they are.
# Version 35 sent what it was given.
# Seen: the lines at the end, from a server on the loopback address that takes everything.
# What follows: quote quantities, or send a manifest with `api_client.call_api`, as JSON.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/look.py" <<'PYTHON'
import http.server
import json
import threading

from kubernetes import client, utils

received = []


class Taking(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        received.append(json.loads(body))
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"kind": "Pod"}')

    do_PATCH = do_POST

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Taking)
threading.Thread(target=server.serve_forever, daemon=True).start()
api = client.ApiClient(client.Configuration(host=f"http://127.0.0.1:{server.server_port}"))
core = client.CoreV1Api(api)


def pod(container):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"name": "a", **container}]}}


def told(what, call):
    received.clear()
    try:
        call()
    except ValueError as refused:
        print(f"{what}: {type(refused).__name__}, {len(received)} sent")
    else:
        print(f"{what}: {len(received)} sent")


number, newer = pod({"resources": {"limits": {"cpu": 1}}}), pod({"fieldOfNextYear": True})
told("cpu: '1'", lambda: core.create_namespaced_pod("default", pod({"resources": {"limits": {"cpu": "1"}}})))
told("cpu: 1", lambda: core.create_namespaced_pod("default", number))
told("cpu: 1, create_from_dict", lambda: utils.create_from_dict(api, number, namespace="default"))
told("a newer field", lambda: core.create_namespaced_pod("default", newer))
told("cpu: 1, patch", lambda: core.patch_namespaced_pod("a", "default", number))
PYTHON
for version in 35.0.0 37.0.2; do
    python3 -m venv --clear "$folder/venv"
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "kubernetes==$version"
    echo "kubernetes $version"
    "$folder/venv/bin/python" -W ignore "$folder/look.py"
done | tee "$folder/seen"
diff - "$folder/seen" <<'SEEN'
kubernetes 35.0.0
cpu: '1': 1 sent
cpu: 1: 1 sent
cpu: 1, create_from_dict: 1 sent
a newer field: 1 sent
cpu: 1, patch: 1 sent
kubernetes 37.0.2
cpu: '1': 1 sent
cpu: 1: ValidationError, 0 sent
cpu: 1, create_from_dict: ValidationError, 0 sent
a newer field: ValidationError, 0 sent
cpu: 1, patch: 1 sent
SEEN
echo "as it was seen"
