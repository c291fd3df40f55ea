#!/usr/bin/env bash
# Following a log with the Python client's Watch loses the last line if it does not end with a line break.
#
# Version: kubernetes 37.0.2.
# Behaviour: `Watch().stream(read_namespaced_pod_log, follow=True)` gives complete lines. What is left when the container
# ends and the server closes the stream is dropped without a word: the answer of `printf done`, or the last words of a process
# that was killed in the middle of a line. A log of one such line is empty. Without Watch, the same call returns it whole.
# Seen: the lines at the end, from a server on the loopback address.
# What follows: read the log again without following it when the container has ended.
set -euo pipefail
export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check kubernetes==37.0.2
cat >"$folder/look.py" <<'PYTHON'
import http.server
import threading

from kubernetes import client, watch

logs = {"complete": b"first\n\nlast\n", "cut": b"first\n\nlast", "one": b"done"}


class Logs(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        log = logs[self.path.split("/")[6]]
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(log), log))

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Logs)
threading.Thread(target=server.serve_forever, daemon=True).start()
core = client.CoreV1Api(client.ApiClient(client.Configuration(host=f"http://127.0.0.1:{server.server_port}")))
for pod in logs:
    print(f"{pod}: read", repr(core.read_namespaced_pod_log(pod, "default")), end=", ")
    print("followed", list(watch.Watch().stream(core.read_namespaced_pod_log, pod, "default", follow=True)))
PYTHON
"$folder/venv/bin/python" -W ignore "$folder/look.py" | tee "$folder/seen"
diff - "$folder/seen" <<'SEEN'
complete: read 'first\n\nlast\n', followed ['first', '', 'last']
cut: read 'first\n\nlast', followed ['first', '']
one: read 'done', followed []
SEEN
echo "as it was seen"
