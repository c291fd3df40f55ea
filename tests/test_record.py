"""The record: written, read, refused; rendered without a cluster."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from attrs import evolve
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance import suite
from conformance.analysis.outcome import conclude
from conformance.analysis.summary import Summary
from conformance.approaches.catalogue import catalogue
from conformance.claims.observations import State
from conformance.cli import cli
from conformance.errors import RigError
from conformance.evidence.items import REDACTED, Evidence, digest, redact
from conformance.record import stream
from conformance.report import files, html_page, markdown, raw, verdict_file
from conformance.run import rejudge
from conformance.suite import cells
from hack.bench import many
from tests.conftest import RECORDED, of_legs, passed_again, recorded_level, recorded_lines, up_to, write

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
    made = Evidence("x#1", "x", "anything", "node n", {"q": 1}, output, 1.0, 0.5, 2.0, digest(output))
    writer = stream.Writer(tmp_path / "record.jsonl")
    for line in (header, made.as_line(), footer):
        writer.write(line)
    writer.close()
    read = stream.read(tmp_path / "record.jsonl")
    assert read.evidence == (made,)
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
        yield {name: one for name, one in line.items() if name != key}
        for other in (None, True, 1, 1.0, -1, 70000, "", "x\n", [], [1], ["x"], {}, {"x": 1}, {"x": "y"}):
            yield {**line, key: other}
        if isinstance(value, dict) and key not in ("output", "asked"):
            yield from ({**line, key: one} for one in spoilt(value))
        elif isinstance(value, list) and value and isinstance(value[0], dict) and key != "left":
            yield from ({**line, key: [one, *value[1:3]]} for one in spoilt(value[0]))
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
    found = list(keywords(json.loads(SCHEMA.read_text(encoding="utf-8"))))
    assert len(found) > 50
    assert set().union(*found) <= OF_DRAFT_7
    assert all(one <= {"$ref"} for one in found if "$ref" in one)


def test_a_refusal_says_where_and_what(recorded: stream.Record) -> None:
    with pytest.raises(stream.BadRecord) as refused:
        stream.check({**recorded.header, "world": {**recorded.header["world"], "cgroup": "v3"}})
    said = "a line of kind 'header' is not as the schema says: world/cgroup: 'v3' is not one of ['v1', 'hybrid', 'v2', 'unknown']"
    assert refused.value.sentence == said


def test_pages_are_the_same_where_only_what_they_show_is_kept_of_a_record(tmp_path: Path) -> None:
    """A long run's evidence would not fit into memory."""
    lines = of_legs(recorded_lines(), "dind.foreground", "dood.foreground", "dind.client-killed", "dood.client-killed")
    path = write(tmp_path / "r.jsonl", many.repeated(lines, 3))
    whole, kept = stream.read(path), stream.read(path, files.shown)
    assert len(kept.evidence) < len(whole.evidence) / 2
    pages = [
        (html_page.report(Summary.of(one)), markdown.report(Summary.of(one)), verdict_file.verdicts(Summary.of(one)))
        for one in (whole, kept)
    ]
    assert pages[0] == pages[1]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda ls: ls[1:], "0 headers"),
        (lambda ls: [*ls, ls[-1]], "2 footers"),
        (lambda ls: [*ls, {"kind": "gossip"}], "no kind of line"),
        (lambda ls: [{**ls[0], "schema": 2}, *ls[1:]], "is of schema 2, and this version of conformance reads schema 1"),
        (lambda ls: [[1], *ls], "not a JSON object"),
        (lambda ls: [{**line, "sha256": "0" * 64} if line["kind"] == "evidence" else line for line in ls], "digest"),
        (lambda ls: [{**line, "state": "FINE"} if line["kind"] == "observation" else line for line in ls], "state"),
    ],
)
def test_what_is_no_record_is_refused_with_a_reason(tmp_path: Path, spoil, said: str) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    with pytest.raises(stream.BadRecord, match=said):
        stream.read(write(tmp_path / "r.jsonl", spoil(recorded_lines())))


def test_a_cell_without_an_observation_is_an_error_and_exit_2() -> None:
    lines = recorded_lines(evidence=False)
    gone = next(line for line in lines if line["kind"] == "observation")
    lost = stream.of([line for line in lines if line is not gone])
    assert [cell["property"] for cell in lost.lost] == [gone["property"]]
    assert lost.state(gone["family"], gone["approach"]) is State.ERROR
    assert conclude(lost, interrupted=False, broken="", cleaned=[])[0] == 2


def _with_state(state: str, *, expected: bool) -> stream.Record:
    lines = recorded_lines(evidence=False)
    one = next(line for line in lines if line["kind"] == "observation")
    one["state"], one["as_expected"] = state, expected
    return stream.of(lines)


@pytest.mark.parametrize(
    ("state", "expected", "code"),
    [("LACKS", True, 0), ("LACKS", False, 1), ("ERROR", False, 2), ("INCONCLUSIVE", False, 2)],
)
def test_exit_codes(state: str, expected: bool, code: int) -> None:
    assert conclude(_with_state(state, expected=expected), interrupted=False, broken="", cleaned=[])[0] == code


def test_the_highest_exit_code_wins(recorded: stream.Record) -> None:
    assert conclude(recorded, interrupted=True, broken="", cleaned=[])[0] == 2
    assert conclude(recorded, interrupted=False, broken="a worker died", cleaned=[])[0] == 2
    assert conclude(recorded, interrupted=False, broken="", cleaned=["a namespace"])[0] == 2
    empty = stream.of([line for line in recorded_lines(evidence=False) if line["kind"] != "observation"])
    assert conclude(empty, interrupted=False, broken="", cleaned=[])[0] == 2


def test_enforce_makes_a_skip_a_failure() -> None:
    skipped = _with_state("NOT-APPLICABLE", expected=True)
    assert conclude(skipped, interrupted=False, broken="", cleaned=[])[0] == 0
    assert conclude(skipped, enforce=True, interrupted=False, broken="", cleaned=[])[0] == 1


HOSTILE = "<script>alert(1)</script> | `x` \x1b[31m \x00 &amp;"


def test_hostile_evidence_is_escaped() -> None:
    lines = recorded_lines()
    for line in lines:
        if line["kind"] == "evidence":
            line["output"] = HOSTILE
            line["sha256"] = digest(HOSTILE)
        if line["kind"] == "observation":
            line["reason"] = HOSTILE
    spoiled = stream.of(lines)
    page, summary = html_page.report(Summary.of(spoiled)), markdown.report(Summary.of(spoiled))
    assert page.count("<script") == 1  # the page's own
    assert "\x1b" not in page
    assert "<script" not in summary
    assert all(row.count("|") == 5 for row in summary.splitlines() if row.startswith("| P2-"))


@pytest.mark.parametrize("value", ["", "\x1b[0m\x00", {"a": ["<b>", 1]}, f"{HOSTILE}é" * 200, [{"x": "y\n"}] * 900])
def test_evidence_is_on_the_page_whole(value: object) -> None:
    pack = raw.Pack()
    elements = [str(pack.pre(one)) for one in (value, "z" * raw.LONG, value)]
    texts = json.loads(gzip.decompress(base64.b64decode(pack.packed())))
    for element in (elements[0], elements[2]):
        found = re.fullmatch(r'<pre(?: data-packed="(\d+)")?>([^<]*)</pre>', element)
        assert found
        shown = texts[found[1]] if found[1] else html.unescape(found[2])
        assert shown == raw.laid_out(value)
        assert len(element) < raw.LONG * 4 + 200
        assert not set(shown) & {"\x1b", "\x00"}


def test_the_page_asks_for_nothing_outside(recorded: stream.Record, page: str) -> None:
    body = page[page.index("<script>") + len("<script>") : page.index("</script>")]
    digested = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
    assert f"script-src 'sha256-{digested}'" in html.unescape(page.split("<body>", maxsplit=1)[0])
    assert "http://" not in page.split("<body>", maxsplit=1)[0]
    assert "<link" not in page
    assert " src=" not in page
    for line in recorded.observations:
        assert f"{line['property']}, {line['leg']}" in page


@pytest.mark.parametrize(
    "secret",
    [
        {"token": "s3cret"},
        ["PASSWORD=s3cret"],
        {"Env": ["API_KEY=s3cret"]},
        {"env": [{"name": "DB_PASSWORD", "value": "s3cret"}]},
        "PATH=/bin\0MYSQL_ROOT_PASSWORD=s3cret\0HOME=/",
        "export GITHUB_TOKEN='s3cret s3cret'; run",
        {"auths": {"registry.example": {"auth": "s3cret"}}},
        '{"auths": {"registry.example": {"auth": "s3cret"}}}',
        json.dumps(json.dumps({"identitytoken": "s3cret"})),
        '{"Env": ["CHILD_NONCE=n", "REGISTRY_TOKEN=s3cret", "PATH=/bin"], "Id": "x"}',
        '["PATH=/bin", "DB_PASSWORD=s3cret"]',
        "https://h/x?user=a&token=s3cret&b=c",
        "A=1,DB_PASSWORD=s3cret",
        '{"password": "abc\\u0026s3cret"}',
        'said {"password": "abc\\u0026s3cret"} and went on',
        "GET /x\nAuthorization: Bearer s3cret.s3cret-s3cret==\n",
        "Authorization: Basic s3crets3cret",
        "cloned https://me:s3cret@git.example/x",
        "log: eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.s3cret_s3cret end",
    ],
)
def test_secrets_do_not_reach_the_record(secret: object) -> None:
    clean = redact(secret)
    assert "s3cret" not in json.dumps(clean)
    assert "eyJhbG" not in json.dumps(clean)
    assert Evidence("x#1", "x", "any", "n", {}, clean).redacted


def test_a_known_secret_is_found_anywhere() -> None:
    assert redact(["the run's s3cret token"], ("s3cret",)) == [f"the run's {REDACTED} token"]


def test_a_body_that_is_json_stays_json() -> None:
    body = '{"Env": ["DB_PASSWORD=hunter2", "CHILD_NONCE=n"], "Labels": ["token=x"], "Id": "x"}'
    assert json.loads(redact(body)) == {
        "Env": [f"DB_PASSWORD={REDACTED}", "CHILD_NONCE=n"], "Labels": [f"token={REDACTED}"], "Id": "x",
    }  # fmt: skip
    untouched = '{"Env": ["CHILD_NONCE=n"],  "b": 1.50}\n'
    assert redact(untouched) == untouched, "verbatim, where nothing is secret"


def test_what_is_no_secret_stays(recorded: stream.Record) -> None:
    """A judge that was robbed of what it reads would decide nothing."""
    for text in ("a=b c=d", '{"a": "b"}', "http://127.0.0.1:80/@x", "the bearer of news", "lowerdir=/a:/b,upperdir=/c"):
        assert redact(text) == text
    cleaned = [evolve(one, output=redact(one.output), asked=redact(one.asked)) for one in recorded.evidence]
    cells = suite.cells(recorded_level(), list(catalogue()), recorded.repeats)
    before, after = (rejudge.judge(one, cells) for one in (recorded, evolve(recorded, evidence=tuple(cleaned))))
    assert before.judged > 100
    assert after == before
    changed = [one.name for one, was in zip(cleaned, recorded.evidence, strict=True) if one != was]
    assert set(changed) <= {"pod", "pod when ready"}, "an environment of the article's own manifest, MYSQL_ALLOW_EMPTY_PASSWORD"


def test_the_report_says_where_something_was_redacted(page: str) -> None:
    said = page.count("secrets redacted when it was read")
    lines = recorded_lines()
    for line in lines:
        if line["kind"] == "evidence" and line["name"] == "child":
            line["output"]["was"] = REDACTED
            line["sha256"] = digest(line["output"])
    assert html_page.report(Summary.of(stream.of(lines))).count("secrets redacted when it was read") > said


PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "conformance.run.plugin", "-p", "no:cacheprovider", "scenarios")


def test_a_level_can_be_selected_by_its_word() -> None:
    """`make worlds` takes the core properties on every approach of level article."""
    args = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "conformance.run.plugin",
        "-p",
        "no:cacheprovider",
        "--collect-only",
        "scenarios",
    ]
    args += ["--conformance-level", "article", "-k", "core"]
    done = subprocess.run(args, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True)
    names = {line.rpartition("::")[2] for line in done.stdout.splitlines() if "::" in line}
    wanted = {cell.name for cell in cells("article", list(catalogue())) if cell.prop.level == "core"}
    assert names == wanted >= {"P2-13[dind-cgroupns.foreground]", "P2-13.memory[dind-cgroup-parent.laden]"}


def test_replay_judges_the_record_through_the_same_tests(tmp_path: Path) -> None:
    path = write(tmp_path / "r.jsonl", recorded_lines())
    args = [*PYTEST, "--conformance-level", recorded_level()]
    done = subprocess.run(
        [*args, "--replay", str(path)], cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTEST_XDIST_WORKER": ""},
    )  # fmt: skip
    assert f"{passed_again()} passed" in done.stdout, done.stdout + done.stderr


def test_a_report_of_level_article_is_below_a_megabyte() -> None:
    page = html_page.report(Summary.of(stream.of(up_to("article", recorded_lines()))))
    assert len(page.encode()) < 1_000_000


def test_report_command(tmp_path: Path) -> None:
    path = write(tmp_path / "record.jsonl", recorded_lines())
    done = CliRunner().invoke(cli, ["report", str(path)])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "report.html").stat().st_size < 1_200_000
    assert (tmp_path / "summary.md").read_text().startswith("## ")


def test_the_summary_is_added_to_the_step_of_a_job(recorded: stream.Record, tmp_path: Path) -> None:
    step = tmp_path / "summary.md"
    step.write_text("before\n", encoding="utf-8")
    assert files.step_summary(markdown.report(Summary.of(recorded)), step) == ""
    assert step.read_text(encoding="utf-8") == "before\n" + markdown.report(Summary.of(recorded))


def test_a_step_summary_that_cannot_be_written_is_told_and_changes_no_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Made:
        why = "said elsewhere"

        def __init__(self, *, folder: Path, **_: object) -> None:
            write(folder / "record.jsonl", of_legs(recorded_lines(), "dind.detached", "dood.detached"))

        def go(self) -> int:
            return 1

    monkeypatch.setattr("conformance.world.reach.reach", lambda *_: None)
    monkeypatch.setattr("conformance.run.controller.Run", Made)
    for step, said in ((tmp_path / "step.md", ""), (tmp_path / "no" / "step.md", "The step summary could not be written")):
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(step))
        done = CliRunner().invoke(cli, ["run", "-q", "--reports", str(tmp_path / "reports")])
        assert done.exit_code == 1, done.output
        assert said in done.stderr
        assert bool(done.stderr) == bool(said)
    assert (tmp_path / "step.md").read_text(encoding="utf-8").startswith("## ")
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    assert CliRunner().invoke(cli, ["run", "-q", "--reports", str(tmp_path / "reports")]).exit_code == 1


def test_list_command() -> None:
    done = CliRunner().invoke(cli, ["list"])
    assert all(name in done.output for name in ("P2-05", "P2-08", "P2-10", "P2-13"))


def test_the_recorded_run_is_small() -> None:
    assert RECORDED.stat().st_size < 250_000


@pytest.mark.parametrize("command", [("judge",), ("explain", "P2-13"), ("diff", "RECORD"), ("report",)])
def test_what_is_made_of_a_record_that_was_cut_short_is_not_taken_for_the_whole(tmp_path: Path, command: tuple[str, ...]) -> None:
    file = tmp_path / "record.jsonl"
    write(file, of_legs(recorded_lines(), "dind.foreground", "dood.foreground")[:-1])
    given = [str(file) if word == "RECORD" else word for word in command]
    ended = CliRunner().invoke(cli, [*given, str(file)])
    assert ended.output, "what there is of it is shown"
    assert isinstance(ended.exception, RigError)
    assert "no footer" in str(ended.exception)
