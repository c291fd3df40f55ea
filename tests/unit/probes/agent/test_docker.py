"""What an engine answers to the agent."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from conformance.probes.agent import docker


@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(min_size=1, max_size=40)), max_size=5))
def test_the_engines_stream_is_unframed(frames: list[tuple[int, bytes]]) -> None:
    framed = b"".join(struct.pack(">BxxxI", kind, len(data)) + data for kind, data in frames)
    assert docker.unframe(framed) == b"".join(data for _, data in frames)
