"""Ids where people read: short, with the whole in their title, and the same sign for the same id wherever it stands on a page."""

from __future__ import annotations

from attrs import define, field
from markupsafe import Markup, escape

from conformance.analysis.readable import ID, short_id

SIGNS = "◆●▲■★✚◇○△□☆✦"
COLOURS = 5
"""The style sheet has so many, .id0 and on: two ids have sign and colour in common where sixty others came between them."""


@define
class Identities:
    """The ids that a page has shown, in the order in which they came."""

    _known: dict[str, int] = field(factory=dict)

    def marked(self, text: str) -> Markup:
        """Return a text as HTML, each long id in it short, under its sign, and whole in its title."""
        parts, end = [], 0
        for match in ID.finditer(text):
            number = self._known.setdefault(str(match[str(match.lastgroup)]), len(self._known))
            sign, colour = SIGNS[number % len(SIGNS)], number % COLOURS
            short = Markup('<span class="id id{}" title="{}"><i>{}</i>{}</span>').format(colour, match[0], sign, short_id(match))
            parts += [escape(text[end : match.start()]), short]
            end = match.end()
        return Markup().join([*parts, escape(text[end:])])
