"""The record: written, read, refused."""

from __future__ import annotations

import errno
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.analysis.summary import Summary
from conformance.errors import RigError
from conformance.evidence.items import Evidence, digest
from conformance.record import stream
from conformance.report import html_page, markdown
from tests.conftest import RECORDED, recorded_lines, write

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_round_trip(tmp_path: Path, recorded: stream.Record, output: object) -> None:
    header = {**recorded.header, "cells": recorded.header["cells"][:2], "claims": recorded.header["claims"][:2]}
    footer = recorded.footer
    assert footer
    reading = Evidence("x#1", "x", "anything", "node n", {"q": 1}, output, 1.0, 0.5, 2.0, digest(output))
    writer = stream.Writer(tmp_path / "record.jsonl")
    for line in (header, reading.as_line(), footer):
        writer.write(line)
    writer.close()
    read = stream.read(tmp_path / "record.jsonl")
    assert read.evidence == (reading,)
    assert (read.header, read.footer) == (header, footer)


def test_a_record_without_its_footer_is_an_interrupted_run(tmp_path: Path) -> None:
    read = stream.read(write(tmp_path / "r.jsonl", recorded_lines()[:-1]))
    assert read.footer is None
    assert "interrupted" in Summary.of(read).table.headline
    assert "Interrupted" in html_page.report(Summary.of(read))
    assert "Interrupted" in markdown.report(Summary.of(read))


def test_a_line_cut_in_two_by_a_crash_is_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", recorded_lines()[:-1])
    with path.open("a", encoding="utf-8") as file:
        file.write('{"kind": "foot')
    assert stream.read(path).footer is None


def test_a_character_cut_in_two_by_a_crash_is_left_out_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", recorded_lines()[:-1])
    with path.open("ab") as file:
        file.write('{"kind": "footer", "why": "é'.encode()[:-1])
    assert stream.read(path) == stream.of(recorded_lines()[:-1])


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(b"\xff\xfe\n")
    with pytest.raises(stream.BadRecord, match=r"r\.jsonl cannot be read: it is no text\."):
        stream.read(path)


def test_the_digest_of_the_file_is_of_every_byte_of_it(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", recorded_lines())
    with path.open("ab") as file:
        file.write(b'{"kind": "foot')
    assert stream.read(path, stream.nothing).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


SCHEMA = Path(stream.__file__).with_name("record.schema.json")


def spoilt(line: stream.Line) -> Iterator[stream.Line]:
    """Yield a line without each of its members, and with other values in the place of each, and of what is in it."""
    for key, value in line.items():
        yield {name: kept for name, kept in line.items() if name != key}
        for other in (None, True, 1, 1.0, -1, 70000, "", "x\n", [], [1], ["x"], {}, {"x": 1}, {"x": "y"}):
            yield {**line, key: other}
        if isinstance(value, dict) and key not in ("output", "asked"):
            yield from ({**line, key: other} for other in spoilt(value))
        elif isinstance(value, list) and value and isinstance(value[0], dict) and key != "left":
            yield from ({**line, key: [other, *value[1:3]]} for other in spoilt(value[0]))
    yield {**line, "more": 1}


@pytest.mark.parametrize("kind", stream.KINDS_OF_LINE)
def test_what_is_compiled_of_the_schema_refuses_all_that_the_schema_does(kind: str) -> None:
    """It is another library's work than the sentence that says what is wrong."""
    whole = next(line for line in recorded_lines() if line["kind"] == kind)
    if kind == "header":  # its cells, claims and approaches are of one shape each, and every spoilt line is checked twice
        whole |= {part: whole[part][:2] for part in ("cells", "claims")}
        whole["approaches"] = {name: whole["approaches"][name] for name in ("dood", "dind")}
    stream.check(whole)
    by_schema = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    refused = 0
    for line in spoilt(whole):
        try:
            stream.check(line)
        except stream.BadRecord:
            refused += 1
            assert not by_schema.is_valid(line)
        else:
            assert by_schema.is_valid(line)
    assert refused > 20


OF_DRAFT_7 = {
    "$schema", "$id", "$defs", "$ref", "title", "description", "type", "const", "enum", "pattern", "minimum", "maximum",
    "properties", "required", "additionalProperties", "items", "oneOf",
}  # fmt: skip


def keywords(schema: object) -> Iterator[set[str]]:
    """Yield the keywords of a schema and of each that is in it."""
    if isinstance(schema, dict):
        yield set(schema)
        named = [inside for of in ("properties", "$defs") for inside in schema.get(of, {}).values()]
        of_it = [schema.get("items"), schema.get("additionalProperties")]
        for inside in [*named, *of_it, *schema.get("oneOf", [])]:
            yield from keywords(inside)


def test_the_schema_has_no_keyword_that_is_passed_over() -> None:
    """What compiles it knows draft 7, and passes over what is newer, and what is beside a `$ref`, without a word."""
    each = list(keywords(json.loads(SCHEMA.read_text(encoding="utf-8"))))
    assert len(each) > 50
    assert set().union(*each) <= OF_DRAFT_7
    assert all(names <= {"$ref"} for names in each if "$ref" in names)


def test_a_refusal_says_where_and_what(recorded: stream.Record) -> None:
    with pytest.raises(stream.BadRecord) as refused:
        stream.check({**recorded.header, "world": {**recorded.header["world"], "cgroup": "v3"}})
    sentence = (
        "a line of kind 'header' is not as the schema says: world/cgroup: 'v3' is not one of ['v1', 'hybrid', 'v2', 'unknown']"
    )
    assert refused.value.sentence == sentence


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda ls: ls[1:], "is no record, or was cut short: it has no header"),
        (lambda _: [], "is no record, or was cut short: it has no header"),
        (lambda ls: [*ls, ls[-1]], "is more than one record"),
        (lambda ls: [ls[0], *ls], "is more than one record"),
        (lambda ls: [*ls, {"kind": "gossip"}], "no kind of line"),
        (lambda ls: [{**ls[0], "schema": 2}, *ls[1:]], "is of schema 2, and this version of conformance reads schema 1"),
        (lambda ls: [[1], *ls], "not a JSON object"),
        (lambda ls: [{**line, "sha256": "0" * 64} if line["kind"] == "evidence" else line for line in ls], "digest"),
        (lambda ls: [{**line, "state": "FINE"} if line["kind"] == "observation" else line for line in ls], "state"),
    ],
)
def test_what_is_no_record_is_refused_with_a_reason(tmp_path: Path, spoil, words: str) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    with pytest.raises(stream.BadRecord, match=words):
        stream.read(write(tmp_path / "r.jsonl", spoil(recorded_lines())))


def test_the_remedy_is_of_what_is_wrong(tmp_path: Path) -> None:
    lines = recorded_lines(evidence=False)
    with pytest.raises(stream.BadRecord) as refused:
        stream.read(write(tmp_path / "r.jsonl", [{**lines[0], "schema": 2}, *lines[1:]]))
    assert refused.value.remedy == "read it with the version that wrote it"
    with pytest.raises(stream.BadRecord) as refused:
        stream.read(RECORDED)
    assert refused.value.sentence == f"{RECORDED} is packed with xz."
    assert refused.value.remedy == f"unpack it: xz -dk {RECORDED}"


def test_the_recorded_run_is_small() -> None:
    assert RECORDED.stat().st_size < 300_000


class Disk:
    """A file on a disk that takes so many bytes, and then some of what it is given, and then none."""

    def __init__(self, room: int) -> None:
        self.kept = b""
        self.room = room

    def write(self, text: bytes) -> int:
        taken = text[: self.room]
        if not taken:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.room -= len(taken)
        self.kept += taken
        return len(taken)

    def tell(self) -> int:
        return len(self.kept)

    def truncate(self, size: int) -> None:
        self.room += len(self.kept) - size
        self.kept = self.kept[:size]

    def close(self) -> None:
        """Do nothing."""


WITHOUT_EVIDENCE = recorded_lines(evidence=False)


@settings(deadline=None)  # of how long it takes nothing is said
@given(st.integers(0, 60_000))
def test_a_record_on_a_disk_that_fills_up_has_no_hole(room: int) -> None:
    lines = [*WITHOUT_EVIDENCE[:40], WITHOUT_EVIDENCE[-1]]
    writer = stream.Writer(Path("/dev/null"))
    writer.close()
    disk: Any = Disk(room)
    writer._file = disk
    refused = 0
    for line in lines:
        try:
            writer.write(line)
        except RigError:
            refused += 1
    written = disk.kept.decode().splitlines()
    assert len(written) + refused == len(lines)
    assert disk.kept == b"" or disk.kept.endswith(b"\n")
    if refused:
        assert '"kind": "footer"' not in disk.kept.decode()
