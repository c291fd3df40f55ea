"""All of the article on the real cluster: every claim judged, the same in one process, and nothing where the baseline fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.analysis.summary import Summary
from conformance.claims.article import CLAIMS
from conformance.claims.observations import Standing
from tests.cluster.gathered import Gathered, Made
from tests.cluster.support import conformance, latest, states

OPEN = 5
"""So many of the claims may be left open on a cluster of two nodes; each says what would judge it."""


def test_no_claim_is_missing_and_few_are_open(article: Made) -> None:
    claims = Summary.of(article.record).claims.values()
    assert [claim.id for claim in claims] == list(CLAIMS)
    left_open = [claim for claim in claims if claim.standing is Standing.OPEN]
    assert len(left_open) <= OPEN, [claim.id for claim in left_open]
    assert all(claim.why for claim in left_open)


def test_nothing_of_it_is_left(article: Made, gathered: Gathered) -> None:
    assert article.record.footer is not None
    assert article.record.footer["cleaned"] == []
    assert [line for line in article.record.residue if not line["attributed"]] == []
    assert gathered.left == []


@pytest.mark.test_all
def test_one_process_observes_the_same(article: Made, tmp_path: Path) -> None:
    """For the four properties test_run.py has it; here every one of them."""
    done = conformance("run", "--level", "article", "-n", "0", "--reports", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert states(latest(tmp_path)) == states(article.record)


def test_where_the_baseline_fails_the_network_is_not_judged(without_baseline: Made) -> None:
    assert without_baseline.done.returncode == 2, without_baseline.done.stdout + without_baseline.done.stderr
    read = latest(without_baseline.reports)
    assert read.observations
    assert set(states(read).values()) == {"ERROR"}
    assert all("Pod A" in line["reason"] for line in read.observations)
