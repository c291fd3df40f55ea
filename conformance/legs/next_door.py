"""What a leg's neighbour runs: a canary in a file of its volume and on a block device of the node, and a page that says who asks.

Python's standard library only, and nothing of ours: the source goes into the pod's command (legs/neighbour.py).
"""

from __future__ import annotations

import errno
import fcntl
import http.server
import os
import signal
import stat
import struct
import threading
from pathlib import Path

FOLDER = "/canary"
CANARY, DEVICE = "canary", "device"
"""The names of the files there: the second says which device it is, MAJOR:MINOR NAME, or why there is none."""
NONE = "none:"
PORT = 80
SECTOR = 512
LOOPS = 7
"""The major number of loop devices (linux Documentation/admin-guide/devices.txt)."""
GET_FREE, CONFIGURE = 0x4C82, 0x4C0A
READ_ONLY, AUTOCLEAR = 1, 4
"""linux include/uapi/linux/loop.h. With the second the kernel takes the device apart when the last who has it open closes it."""
FLAGS_AT, INFO, RESERVED = 52, 232, 64
"""Bytes: of `lo_flags` in a `struct loop_info64`, of that structure, and behind it in a `struct loop_config`."""


def config(image: int) -> bytes:
    """Return the `struct loop_config` of a device that is read-only, and ends with whoever has it open."""
    flags = struct.pack("=I", READ_ONLY | AUTOCLEAR)
    return struct.pack("=II", image, 0) + flags.rjust(FLAGS_AT + len(flags), b"\0").ljust(INFO + RESERVED, b"\0")


def attach(path: str) -> tuple[int, str]:
    """Make a loop device of a file; return its handle, which keeps it, and MAJOR:MINOR NAME. Raises `OSError`."""
    control, image = os.open("/dev/loop-control", os.O_RDWR), os.open(path, os.O_RDONLY)
    while True:
        number = fcntl.ioctl(control, GET_FREE)
        name = f"/dev/loop{number}"
        if not Path(name).exists():  # a container has those nodes of devices that its node had when it began
            os.mknod(name, 0o600 | stat.S_IFBLK, os.makedev(LOOPS, number))
        device = os.open(name, os.O_RDONLY)
        try:
            fcntl.ioctl(device, CONFIGURE, config(image))
        except OSError as error:
            os.close(device)
            if error.errno != errno.EBUSY:  # another was faster
                raise
        else:
            kind = os.fstat(device).st_rdev
            return device, f"{os.major(kind)}:{os.minor(kind)} {name}"


class WhoAsks(http.server.BaseHTTPRequestHandler):
    """Answers each request with the address that it came from."""

    timeout = 10

    def log_message(self, *_: object) -> None:
        """Keep quiet: every question and answer is in the run's record."""

    def do_GET(self) -> None:
        """Answer any path."""
        content = self.client_address[0].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def main() -> None:
    """Write the canary, make the device, say which it is, and keep both, and the page, until the end of the pod."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # what is waited for in the end
    server = http.server.ThreadingHTTPServer(("", PORT), WhoAsks)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    canary, device, unfinished = (Path(FOLDER, name) for name in (CANARY, DEVICE, "unfinished"))
    canary.write_text(os.environ["CANARY"].ljust(SECTOR - 1) + "\n", encoding="ascii")
    try:
        _, says = attach(str(canary))
    except OSError as error:
        says = f"{NONE} {error}"
    unfinished.write_text(f"{says}\n", encoding="utf-8")
    unfinished.rename(device)
    signal.sigwait({signal.SIGTERM})


if __name__ == "__main__":
    main()
