"""The probe's HTTP server: one request is one question.

GET /NAME?q=JSON calls the question NAME with that object and gives {"answer": ..., "at": ...} or {"error": ...}, or what a
stream says, line by line. Every request carries the run's token; who has none is told the address it is seen to come from.
There is no request body, because the API server's proxy breaks an answer off when it begins before the proxy has seen the end
of the request.
"""

from __future__ import annotations

import contextlib
import hmac
import http.server
import json
import os
import select
import socket
import urllib.parse

from conformance.probes.agent.procfs import boottime
from conformance.probes.agent.questions import QUESTIONS, Object


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers one question. Runs in a thread of its own."""

    protocol_version = "HTTP/1.0"  # the connection ends with the answer: nothing outlives it
    timeout = 90
    token = ""

    def log_message(self, *_: object) -> None:
        """Keep quiet: every question and answer is in the run's record."""

    def do_GET(self) -> None:
        """Answer /NAME?q=JSON."""
        if not hmac.compare_digest(self.headers.get("X-Conformance-Token", ""), self.token):
            self.reply(403, {"error": "wrong token", "from": self.client_address[0]})
            return
        path, _, query = self.path.partition("?")
        name = path.rpartition("/")[2]
        if name not in QUESTIONS or not QUESTIONS[name].lasts:
            self.answer(name, query)
            return
        child = os.fork()
        if child:
            os.waitpid(child, 0)
            return
        try:
            close_all_but(self.connection.fileno())
            self.answer(name, query)
        finally:
            os._exit(0)

    def answer(self, name: str, query: str) -> None:
        """Answer the question of that name."""
        try:
            asked = json.loads(urllib.parse.parse_qs(query)["q"][0])
            if name not in QUESTIONS:
                self.reply(404, {"error": f"no such question: {name}"})
            elif QUESTIONS[name].streams:
                self.send_response(200)
                self.send_header("Content-Type", "application/x-ndjson")
                self.end_headers()
                QUESTIONS[name].answer(asked, self)
            else:
                self.reply(200, {"answer": QUESTIONS[name].answer(asked), "at": boottime()})
        except (BrokenPipeError, ConnectionResetError):
            pass
        except Exception as error:  # noqa: BLE001 -- whatever it is, the one who asked must hear it
            self.reply(500, {"error": f"{type(error).__name__}: {error}"})

    def say(self, event: Object) -> None:
        """Send one line of a stream."""
        self.wfile.write(json.dumps(event).encode() + b"\n")
        self.wfile.flush()

    def gone(self, seconds: float) -> bool:
        """Return whether the one who asked goes away within so many seconds."""
        ready, _, _ = select.select([self.connection], [], [], seconds)
        return bool(ready) and not self.connection.recv(1, socket.MSG_PEEK)

    def reply(self, status: int, document: Object) -> None:
        """Send a JSON document."""
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def close_all_but(kept: int) -> None:
    """Close what this process has open but one handle and the first three: others' namespaces and files end without it."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in {0, 1, 2, kept}:
            with contextlib.suppress(OSError):  # the list's own
                os.close(int(name))


class Server(http.server.ThreadingHTTPServer):
    """A thread for every request, so that entering a namespace ends with the answer."""

    request_queue_size = 64
