#!/usr/bin/env bash
# readline_stdout() of the Python client's exec gives no line once the command has ended, whatever lines wait to be read.
#
# Version: kubernetes 37.0.2 (kubernetes.stream.ws_client).
# Behaviour: reading takes all that has arrived off the connection. If the end is among it, readline_stdout() answers "" at once and for
# ever, although peek_stdout() shows complete lines. So `while is_open(): readline_stdout()` gives one "" of a command that is over
# quickly, and loses the last lines of others, depending on the network. An empty line is "" as well. After run_forever() no line can
# be read. read_stdout() gives what is there in every case.
# Seen: the lines at the end, from a server on the loopback address that sends three lines, and the end with them.
# What follows: use read_stdout() and cut the lines yourself.
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


connection = started(b"\x01first\nsecond\n", b"\x01third\n", ended(status="Success"))
lines = []
while connection.is_open():
    lines.append(connection.readline_stdout(timeout=5))
print("lines while it is open:", lines)
print("lines afterwards:", [connection.readline_stdout(timeout=5) for _ in range(2)])
print("peek_stdout:", repr(connection.peek_stdout()))
print("read_stdout:", repr(connection.read_stdout()))
print("returncode:", connection.returncode)
PYTHON
"$folder/venv/bin/python" -W ignore "$folder/look.py" | tee "$folder/seen"
diff - "$folder/seen" <<'SEEN'
lines while it is open: ['']
lines afterwards: ['', '']
peek_stdout: 'first\nsecond\nthird\n'
read_stdout: 'first\nsecond\nthird\n'
returncode: 0
SEEN
echo "as it was seen"
