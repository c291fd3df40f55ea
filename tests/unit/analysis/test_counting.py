"""Numbers in sentences."""

from __future__ import annotations

import re

import pytest

from conformance import suite
from conformance.analysis.counting import all_of, are, counted, one_of, were
from conformance.analysis.differences import compare
from conformance.analysis.pairs import Comparison
from conformance.analysis.summary import Summary
from conformance.analysis.worlds import SideBySide
from conformance.record import stream
from conformance.report import differences, html_page, markdown
from conformance.run import rejudge
from conformance.run.consent import terms
from tests.builders.records import a_check, observed
from tests.conftest import of_legs, recorded_lines

NOUNS = "cells|observations|legs|nodes|pairs|controls|things|promises|predictions|claims|rows|properties|runs|worlds"
WRONG = re.compile(rf"(?<![\w.])1 ({NOUNS}|are|were|differ)\b|(?<![\w.])(0|[2-9]|\d\d+) (is|was) ")
"""What a number and its noun, or verb, come to where they do not agree."""


@pytest.mark.parametrize(("number", "words"), [(0, "0 cells are were"), (1, "1 cell is was"), (2, "2 cells are were")])
def test_a_thing_and_its_verb_are_of_its_number(number: int, words: str) -> None:
    assert f"{counted(number, 'cell')} {are(number)} {were(number)}" == words


@pytest.mark.parametrize(("number", "words"), [(0, "0 tries"), (1, "1 try"), (2, "2 tries")])
def test_what_an_s_makes_no_plural_of_has_its_own(number: int, words: str) -> None:
    assert counted(number, "try", "tries") == words


@pytest.mark.parametrize(
    ("number", "all_words", "words"), [(1, "the only cell", "the only cell"), (2, "all 2 cells", "one of the 2 cells")]
)
def test_where_there_is_one_it_is_the_only_one(number: int, all_words: str, words: str) -> None:
    assert (all_of(number, "cell"), one_of(number, "cell")) == (all_words, words)


@pytest.mark.parametrize(
    ("comparison", "words"),
    [
        (Comparison.DIFFER, "1 differs, as predicted"),
        (Comparison.ALIKE_OTHERWISE, "1 does not differ, otherwise than predicted"),
        (Comparison.UNTOLD, "1 cannot be told"),
    ],
)
def test_a_pair_differs_and_pairs_differ(comparison: Comparison, words: str) -> None:
    assert comparison.of(1) == words
    assert comparison.of(2) == f"2 {comparison.value}"


def test_a_run_of_one_cell_is_told_in_the_singular() -> None:
    lines = of_legs(recorded_lines(), "dood.foreground")
    lines = [line for line in lines if line["kind"] != "observation" or line["property"] == "P2-05"]
    lines[0]["cells"] = [cell for cell in lines[0]["cells"] if cell["property"] == "P2-05"]
    lines[0]["world"]["nodes"] = lines[0]["world"]["nodes"][:1]
    record = stream.of(lines)
    text = markdown.report(Summary.of(record))
    assert "Of the 1 cell that the article predicts 1 is confirmed here." in text
    assert ", 1 node." in text
    checked = Summary.of(a_check(observed("P2-05", "checked.api", "HOLDS"), observed("P2-08", "checked.api", "NOT-APPLICABLE")))
    others = [
        *(writer(compare(record, record)) for writer in differences.WRITERS.values()),
        *rejudge.lines(rejudge.judge(record, suite.every_cell(1)), verbose=True),
        *(markdown.report(checked), html_page.report(checked), html_page.report(Summary.of(record))),
        markdown.side_by_side(SideBySide([record, record])),
    ]
    for words in (text, *others):
        assert not (wrong := WRONG.search(words)), words[max(wrong.start() - 40, 0) : wrong.end() + 40]


def test_a_cluster_of_one_node_has_an_only_node() -> None:
    assert "a probe on its only node: privileged" in "\n".join(terms("c", 1, []))
    assert "a probe on each of its 2 nodes: privileged" in "\n".join(terms("c", 2, []))
