"""Evidence: what is redacted of it, and what stays."""

from __future__ import annotations

import json

import pytest
from attrs import evolve

from conformance import suite
from conformance.approaches.catalogue import catalogue
from conformance.evidence.items import REDACTED, Evidence, MissingEvidence, Seen, redact
from conformance.record import stream
from conformance.run import rejudge
from tests.conftest import recorded_level


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
    cleaned = [evolve(reading, output=redact(reading.output), asked=redact(reading.asked)) for reading in recorded.evidence]
    cells = suite.cells(recorded_level(), list(catalogue()), recorded.repeats)
    before, after = (rejudge.judge(record, cells) for record in (recorded, evolve(recorded, evidence=tuple(cleaned))))
    assert before.judged > 100
    assert after == before
    changed = [reading.name for reading, was in zip(cleaned, recorded.evidence, strict=True) if reading != was]
    assert set(changed) <= {"pod", "pod when ready"}, "an environment of the article's own manifest, MYSQL_ALLOW_EMPTY_PASSWORD"


def test_what_was_read_of_a_further_child_is_not_taken_for_anothers() -> None:
    names = ("child", "always child", "always-winch child", "deletion", "page", "always above the page")
    own = Seen(Evidence(f"#{name}", "leg", name, "made", {}, name) for name in names).of("always ", "deletion")
    assert {reading.name: reading.output for reading in own} == {
        "child": "always child",
        "deletion": "deletion",
        "above the page": "always above the page",
    }
    with pytest.raises(MissingEvidence):
        own["page"]
