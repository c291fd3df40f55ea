"""Ids where people read: one sign for one id."""

from __future__ import annotations

import re

from conformance.report.identities import Identities

UID, CONTAINER = "56463bcd-9b62-4d2d-a099-730e1da702c4", "a33e9b36d6c3" + "4" * 52


def test_an_id_is_short_and_whole_in_its_title_and_has_its_sign_wherever_it_stands() -> None:
    ids = Identities()
    first = ids.marked(f"at <b>/docker/{CONTAINER}, of the pod {UID}")
    assert f'<span class="id id0" title="{CONTAINER}"><i>◆</i>a33e9b36d6c3…</span>' in first
    assert "&lt;b&gt;" in first
    way = ids.marked(f"/kubepods/pod{UID}/{CONTAINER}")
    signs = dict(re.findall(r"<i>(.)</i>([^<]*)…<", f"{first}{way}"))
    assert signs == {"◆": "a33e9b36d6c3", "●": "/…/pod 56463bcd"}, "the pod's way and its uid are of one pod"
    assert [str(ids.marked(str(CONTAINER)[::-1])).count(sign) for sign in "◆●▲"] == [0, 0, 1]


def test_a_text_without_an_id_is_what_it_was() -> None:
    assert Identities().marked("a < b, 51 of 768") == "a &lt; b, 51 of 768"
