"""The words at the end of a page: those that it has, as the glossary says them."""

from __future__ import annotations

import re

from markupsafe import Markup

from conformance.analysis.summary import Summary
from conformance.record import stream
from conformance.report import glossary, html_page
from tests.conftest import ROOT, of_legs, recorded_lines


def test_each_begins_what_the_glossary_says_of_it() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    first, _ = text.split("\n\n| variation |")  # a table of its own, which begins with a word of the first
    rows = dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", first, re.MULTILINE))
    assert {word: means for word, means in glossary.WORDS.items() if not rows[word].startswith(means)} == {}


def test_a_page_has_the_words_that_it_uses_and_no_others() -> None:
    text = "<p id='leg' title='mend'>Two approaches, Residue, a pod a day; forecast-verdict, DinD</p>"
    assert list(glossary.used(Markup(text))) == ["approach", "DooD, DinD", "residue"]
    assert list(glossary.used(Markup("<p>Pod A keeps it</p>"))) == ["Pod A"]


def test_they_stand_at_the_pages_end_once() -> None:
    page = html_page.report(Summary.of(stream.of(of_legs(recorded_lines(), "dind.detached", "dood.detached"))))
    words = page[page.index('<section id="words">') :]
    assert words.index("</section>") < words.index("</main>") < words.index("</section>") + 20
    assert re.findall("<dt>(.*?)</dt>", words) == [*glossary.used(Markup(page[: -len(words)]))] != [*glossary.WORDS]
    assert "<dt>leg</dt><dd>an approach that is deployed once" in words
    assert page.count('href="#words"') == 1
