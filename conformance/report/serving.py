"""A run's folder served to browsers of this machine: to every user of it, and to no other machine."""

from __future__ import annotations

import functools
import io
import os
import sys
import webbrowser
from collections.abc import Callable
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO

HERE = "127.0.0.1"
PAGE = "report.html"


class Quiet(SimpleHTTPRequestHandler):
    """Answers for files that are in a folder to who names this machine, and prints nothing."""

    def send_head(self) -> io.BytesIO | BinaryIO | None:
        """Answer with a file's headers and return it; or with an error, and return None.

        Who asks under another name is told nothing: a page of somebody's could read a report through its own. A link may lead to
        any file of who started this, and a directory's list to what the report does not name.
        """
        if self.headers.get("Host", "").partition(":")[0] not in (HERE, "localhost"):
            self.send_error(403)
            return None
        file = Path(self.translate_path(self.path))
        if not file.is_file() or not file.resolve().is_relative_to(Path(self.directory).resolve()):
            self.send_error(404)
            return None
        return super().send_head()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def server(folder: Path) -> ThreadingHTTPServer:
    """Return a server of a folder on a free port of this machine's own address, which does not serve yet."""
    return ThreadingHTTPServer((HERE, 0), functools.partial(Quiet, directory=str(folder)))


def serve(folder: Path, tell: Callable[[str], object]) -> None:
    """Serve a folder until Ctrl-C; tell the address of its report first, and open that in a browser where there is one."""
    with server(folder) as serving:
        address = f"http://{HERE}:{serving.server_address[1]}/{PAGE}"
        tell(f"{address}\nCtrl-C ends it")
        if has_browser():
            webbrowser.open(address)
        try:
            serving.serve_forever()
        except KeyboardInterrupt:
            tell("ended")


def has_browser() -> bool:
    """Return whether a browser can show itself: one in a terminal would take that from who waits there."""
    return sys.platform in ("darwin", "win32") or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
