"""What a leg's neighbour asks of the kernel."""

from __future__ import annotations

import ast
import http.client
import http.server
import inspect
import struct
import sys
import threading

from conformance.legs import next_door

LAYOUT = "=II 5Q4I 64s64s32s2Q 8Q"
"""struct loop_config with the struct loop_info64 in it (linux include/uapi/linux/loop.h)."""


def test_a_device_is_asked_for_that_ends_with_whoever_has_it_open() -> None:
    asked = next_door.config(7)
    assert len(asked) == struct.calcsize(LAYOUT)
    image, block_size, *fields = struct.unpack(LAYOUT, asked)
    assert (image, block_size) == (7, 0)
    assert fields.pop(8) == next_door.READ_ONLY | next_door.AUTOCLEAR, "lo_flags, behind five u64 and three u32"
    assert not any(field.strip(b"\0") if isinstance(field, bytes) else field for field in fields)


def test_its_source_needs_nothing_but_python() -> None:
    """It is the command of a pod whose image has no more."""
    tree = ast.parse(inspect.getsource(next_door))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {module.partition(".")[0] for module in modules} <= sys.stdlib_module_names


def test_its_page_says_who_asks() -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), next_door.WhoAsks) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, source_address=("127.0.0.3", 0))
        connection.request("GET", "/any")
        assert connection.getresponse().read() == b"127.0.0.3"
        server.shutdown()
