#!/usr/bin/env bash
# The Python client of Kubernetes sends a JSON patch of a custom object as a merge patch, which the API server refuses.
#
# Version: kubernetes 37.0.2.
# Behaviour: a patch that is a list is a JSON patch, and for a pod the client says so in the request's Content-Type. The methods of
# CustomObjectsApi say application/merge-patch+json whatever the patch is, and a merge patch must be an object. With
# `_content_type` the list is sent as what it is. The other way round `_content_type` is not obeyed: a dictionary that is named a
# JSON patch goes out as a strategic merge patch, which no custom object takes.
# Seen: the Content-Type that a server on the loopback address received.
# What follows: pass `_content_type="application/json-patch+json"` with every list for a custom object.
set -euo pipefail
export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check kubernetes==37.0.2
cat >"$folder/look.py" <<'PYTHON'
import http.server
import threading

from kubernetes import client

received = []


class Taking(http.server.BaseHTTPRequestHandler):
    def do_PATCH(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        received.append(self.headers["Content-Type"])
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"kind": "Pod"}')

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Taking)
threading.Thread(target=server.serve_forever, daemon=True).start()
api = client.ApiClient(client.Configuration(host=f"http://127.0.0.1:{server.server_port}"))
core, custom = client.CoreV1Api(api), client.CustomObjectsApi(api)
operations = [{"op": "remove", "path": "/metadata/labels/a"}]
fields = {"metadata": {"labels": {"a": None}}}
where = ("example.org", "v1", "default", "things", "a")
for patch in operations, fields:
    for said in {}, {"_content_type": "application/json-patch+json"}, {"_content_type": "application/merge-patch+json"}:
        core.patch_namespaced_pod("a", "default", patch, **said)
        custom.patch_namespaced_custom_object(*where, patch, **said)
        custom.patch_namespaced_custom_object_status(*where, patch, **said)
        pod, thing, status = (one.removeprefix("application/") for one in received[-3:])
        print(type(patch).__name__, *said.values() or ["-"], "-> pod", pod, "custom", thing, "its status", status)
PYTHON
"$folder/venv/bin/python" -W ignore "$folder/look.py" | tee "$folder/seen"
diff - "$folder/seen" <<'SEEN'
list - -> pod json-patch+json custom merge-patch+json its status merge-patch+json
list application/json-patch+json -> pod json-patch+json custom json-patch+json its status json-patch+json
list application/merge-patch+json -> pod merge-patch+json custom merge-patch+json its status merge-patch+json
dict - -> pod strategic-merge-patch+json custom merge-patch+json its status merge-patch+json
dict application/json-patch+json -> pod strategic-merge-patch+json custom strategic-merge-patch+json its status strategic-merge-patch+json
dict application/merge-patch+json -> pod merge-patch+json custom merge-patch+json its status merge-patch+json
SEEN
echo "as it was seen"
