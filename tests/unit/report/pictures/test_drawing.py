"""Words, numbers and scales of a picture."""

from __future__ import annotations

import json

from conformance.report.pictures.drawing import Scale, fitting, seconds, short


def test_words_fit_and_a_scale_has_few_ticks() -> None:
    assert fitting("conformance", 60, 6) == "confo…ance"
    assert fitting("conformance", 80, 6) == "conformance"
    assert seconds(-0.001) == "0.00 s"
    assert short(json.dumps("docker-" + "a1" * 32 + ".scope")) == '"docker-a1a1a1a1a1a1….scope"'
    for most in (0, 0.004, 1, 7.2, 34, 61, 5000):
        ticks = Scale(most).ticks
        assert 1 <= len(ticks) <= 8
        assert ticks[-1] <= max(most, 0)
