"""What a leg's neighbour asks of the kernel."""

from __future__ import annotations

import ast
import inspect
import struct
import sys

from conformance.legs import loop

LAYOUT = "=II 5Q4I 64s64s32s2Q 8Q"
"""struct loop_config with the struct loop_info64 in it (linux include/uapi/linux/loop.h)."""


def test_a_device_is_asked_for_that_ends_with_whoever_has_it_open() -> None:
    asked = loop.config(7)
    assert len(asked) == struct.calcsize(LAYOUT)
    image, block_size, *fields = struct.unpack(LAYOUT, asked)
    assert (image, block_size) == (7, 0)
    assert fields.pop(8) == loop.READ_ONLY | loop.AUTOCLEAR, "lo_flags, behind five u64 and three u32"
    assert not any(field.strip(b"\0") if isinstance(field, bytes) else field for field in fields)


def test_its_source_needs_nothing_but_python() -> None:
    """It is the command of a pod whose image has no more."""
    tree = ast.parse(inspect.getsource(loop))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert modules <= sys.stdlib_module_names
