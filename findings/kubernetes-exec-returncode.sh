#!/usr/bin/env bash
# `returncode` of the Python client's exec raises an error of Python's own if the command could not be started.
#
# Version: kubernetes 37.0.2 (kubernetes.stream.ws_client).
# Behaviour: it takes the message of the status's first cause for the exit code. That fits a command that ran and failed. If the kubelet
# could not run it, as with a program that is missing in the image, the cause's message is a sentence: ValueError. A status
# without causes is a KeyError, and a connection that was closed without a status, as by a restarted kubelet, a TypeError. By
# then the status has been taken off its channel, so that its message cannot be read any more.
# Seen: the lines at the end, from a server on the loopback address.
# What follows: read the status yourself, with read_channel(3), before you ask for `returncode`.
set -euo pipefail
export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check kubernetes==37.0.2
cat >"$folder/look.py" <<'PYTHON'
import base64
import hashlib
import json
import socketserver
import threading

from kubernetes import client
from kubernetes.stream import stream

frames = []


class Exec(socketserver.StreamRequestHandler):
    """A server that sends the frames and the connection's end at once; it speaks as much WebSocket as that takes."""

    def handle(self):
        key = b""
        while line := self.rfile.readline().strip():
            name, _, value = line.partition(b": ")
            if name.lower() == b"sec-websocket-key":
                key = value
        accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        lines = b"HTTP/1.1 101 Switching Protocols", b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Accept: " + accept
        answer = b"\r\n".join((*lines, b"Sec-WebSocket-Protocol: v4.channel.k8s.io", b"", b""))
        for frame in frames:
            answer += b"\x82\x7e" + len(frame).to_bytes(2, "big") + frame
        self.wfile.write(answer + b"\x88\x02\x03\xe8")
        self.rfile.read(1)


server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Exec)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
core = client.CoreV1Api(client.ApiClient(client.Configuration(host=f"http://127.0.0.1:{server.server_address[1]}")))


def started(*sent):
    frames[:] = sent
    return stream(core.connect_get_namespaced_pod_exec, "a", "default", command=["x"], stdout=True, _preload_content=False)


def ended(**status):
    return b"\x03" + json.dumps({"metadata": {}, **status}).encode()


sentence = "error executing command in container: no such file"
for what, sent in {
    "ran well": [ended(status="Success")],
    "exit code 7": [ended(status="Failure", reason="NonZeroExitCode", details={"causes": [{"reason": "ExitCode", "message": "7"}]})],
    "not started": [ended(status="Failure", reason="InternalError", code=500, message=sentence, details={"causes": [{"message": sentence}]})],
    "no causes": [ended(status="Failure", reason="Timeout", code=504, message="took too long")],
    "no status": [],
}.items():
    connection = started(*sent)
    connection.run_forever(timeout=5)
    try:
        print(f"{what}: returncode {connection.returncode}")
    except Exception as error:
        print(f"{what}: {type(error).__name__}, then on the channel: {connection.read_channel(3)!r}")
PYTHON
"$folder/venv/bin/python" -W ignore "$folder/look.py" | tee "$folder/seen"
diff - "$folder/seen" <<'SEEN'
ran well: returncode 0
exit code 7: returncode 7
not started: ValueError, then on the channel: ''
no causes: KeyError, then on the channel: ''
no status: TypeError, then on the channel: ''
SEEN
echo "as it was seen"
