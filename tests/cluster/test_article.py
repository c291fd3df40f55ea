"""All of the article on the real cluster: every claim judged, the same in one process, and nothing where the baseline fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance import record
from conformance.article import CLAIMS
from conformance.observations import Standing
from conformance.report import view
from tests.cluster.support import assert_nothing_left, conformance, latest, states

OPEN = 5
"""So many of the claims may be left open on a cluster of two nodes; each says what would judge it."""


@pytest.fixture(scope="module")
def article(tmp_path_factory: pytest.TempPathFactory) -> record.Record:
    """Give the record of one run of level article at the default parallelism."""
    folder = tmp_path_factory.mktemp("article")
    done = conformance("run", "--level", "article", "--reports", str(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    return latest(folder)


def test_no_claim_is_missing_and_few_are_open(article: record.Record) -> None:
    claims = view.claims(article)
    assert [one.id for one in claims] == list(CLAIMS)
    left_open = [one for one in claims if one.standing is Standing.OPEN]
    assert len(left_open) <= OPEN, [one.id for one in left_open]
    assert all(one.why for one in left_open)


def test_nothing_of_it_is_left(article: record.Record) -> None:
    assert article.footer is not None
    assert article.footer["cleaned"] == []
    assert [line for line in article.residue if not line["attributed"]] == []
    assert_nothing_left()


def test_one_process_observes_the_same(article: record.Record, tmp_path: Path) -> None:
    done = conformance("run", "--level", "article", "-n", "0", "--reports", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert states(latest(tmp_path)) == states(article)


def test_where_the_baseline_fails_the_network_is_not_judged(tmp_path: Path) -> None:
    no_server = ("--image", "mariadb:10.11=docker:26.1-cli")
    done = conformance("run", "--level", "article", "-k", "P2-05 or P2-18", "--reports", str(tmp_path), *no_server)
    assert done.returncode == 2, done.stdout + done.stderr
    read = latest(tmp_path)
    assert set(states(read).values()) == {"ERROR"}
    assert all("Pod A" in one["reason"] for one in read.observations)
    assert_nothing_left()


def test_each_repeat_is_deployed_and_recorded(tmp_path: Path) -> None:
    done = conformance("run", "-k", "P2-05", "--repeat", "2", "--reports", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    read = latest(tmp_path)
    assert sorted(leg["leg"] for leg in read.legs) == [f"{a}.foreground{n}" for a in ("dind", "dood") for n in ("", "~2")]
    assert len({leg["nonce"] for leg in read.legs}) == 4
    assert "2 of 2 HOLDS" in (tmp_path / "latest" / "report.html").read_text(encoding="utf-8")
    assert_nothing_left()
