"""A record in the lines of a log."""

from __future__ import annotations

import json
import subprocess

from conformance.record.packed import MARK, WIDTH, packed, unpacked
from tests.conftest import recorded_lines

RECORD = "".join(f"{json.dumps(line)}\n" for line in recorded_lines()[:300]).encode()


def test_a_record_comes_out_of_a_log_as_it_went_in() -> None:
    lines = [*packed(RECORD)]
    assert len(lines) > 1
    assert max(map(len, lines)) <= len(MARK) + WIDTH < 16 << 10, "a runtime breaks longer lines up"
    assert unpacked(['{"kind": "observation"}', *lines, "", "conformance: something"]) == RECORD


def test_a_log_that_is_cut_short_has_no_record() -> None:
    lines = [*packed(RECORD)]
    for cut in ([], lines[:-1], lines[1:], [*lines[:-1], lines[-1][:-5]], [f"{MARK}nonsense"]):
        assert unpacked(cut) == b""


def test_it_comes_out_by_hand() -> None:
    script = f"sed -n 's/^{MARK}//p' | base64 -d | xz -d"
    log = "\n".join(["{}", *packed(RECORD), ""])
    assert subprocess.run(script, shell=True, input=log.encode(), capture_output=True, check=True).stdout == RECORD
