"""What a reader is told first: what is lost here that matters most, by whom and how much; what to do; how sure that is.

Made of a record, once, for every output. By which rules it is ranked: docs/reading-a-report.md.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import frozen

from conformance.analysis.checked import Checked
from conformance.analysis.counting import are, counted, were
from conformance.analysis.front import Front
from conformance.analysis.mending import Advice, alternatives, compared, originals
from conformance.analysis.noticed import Noticed
from conformance.analysis.parts import Part
from conformance.analysis.readable import listed, shortened
from conformance.claims.fears import LOSSES, Fear, fear_of, kept, loss, place
from conformance.claims.observations import Verdict
from conformance.record.names import CHECKED, MENDED
from conformance.record.stream import Record

MOST = 5
"""Sentences of what was found: a telephone's first screen."""
BRIEF = 24
"""Letters of a word or two: what is no longer belongs to what stands beside it."""
SOON, LONGEST = 90, 400
"""Letters that are soon read, and so many of a clause as are read at all."""
ASIDE = re.compile(r" \([^()]*\)")
"""What a reason says beside the number, in parentheses."""


def gist(reason: str) -> str:
    """Return so many first clauses of a reason as are soon read, without what is in long parentheses or details a clause."""
    brief = ""
    for clause in ASIDE.sub(lambda aside: aside[0] if len(shortened(aside[0])) < BRIEF else "", reason).split("; "):
        before, colon, _ = clause.partition(": ")
        plain = clause if colon and len(before) < BRIEF else before
        if brief and len(shortened(f"{brief}{plain}")) > SOON:
            break
        brief += f"; {plain}" if brief else plain
    brief = brief.strip().rstrip(".")
    return brief if len(brief) <= LONGEST else f"{brief[:LONGEST]}…"


def lost(part: Part) -> bool:
    """Return whether an observation says that a promise is not kept, or not each time."""
    return part.state.decided and part.state is not kept(part.line["property"])


@frozen
class Finding:
    """A promise that some approaches lose here. `lost` has an observation of each, first the one whose number is told."""

    prop: str
    fear: Fear
    lost: tuple[Part, ...]
    kept: tuple[Part, ...]
    """An observation of each approach that keeps it, those first that mend one that loses it."""
    weight: int
    """How many of its fear's findings weigh more; of what `fears.LOSSES` has no words for, more than any of these."""
    mended: bool
    """Whether this run has shown a mend: an approach that is made of one that loses it, and keeps it."""
    names: Mapping[str, str]

    @property
    def against(self) -> tuple[str, ...]:
        """Return the approaches that lose it though the article says that they keep it."""
        return self._where(Verdict.REFUTED)

    def _where(self, verdict: Verdict) -> tuple[str, ...]:
        return tuple(part.line["approach"] for part in self.lost if part.of_article and part.verdict is verdict)

    @property
    def rank(self) -> tuple[bool, bool, int, bool, int]:
        """Return its place among all: the rules of docs/reading-a-report.md, the first that tells two apart."""
        return not self.fear.contains, not self.against, self.weight, not self.mended, list(Fear).index(self.fear)

    @property
    def words(self) -> str:
        """Return it as sentences: who loses what, what was seen, what the article says, and with whom what else was seen."""
        return " ".join(filter(None, (self._told, self._article, self._not_so(self._seen_kept))))

    @property
    def brief(self) -> str:
        """Return the same without what was seen with those that keep it, and what the article says where that is so."""
        return _capital(" ".join(filter(None, (self._told, self._article if self.against else "", self._not_so()))))

    @property
    def _told(self) -> str:
        first = self.lost[0].line
        return f"{loss(self.prop, first['sentence'], self._named(self.lost))}: {gist(first['reason'])}."

    @property
    def _seen_kept(self) -> str:
        return f": {gist(self.kept[0].line['reason'])}" if self.kept else ""

    def _not_so(self, seen: str = "") -> str:
        return f"Not so with {listed(self._named(self.kept))}{seen}." if self.kept else ""

    def _named(self, parts: Iterable[Part]) -> list[str]:
        return [self.names[part.line["approach"]] for part in parts]

    @property
    def article(self) -> str:
        """Return what the article says of the losses, in a word: 'contrary', 'so', or 'silent'."""
        return "contrary" if self.against else "so" if self._where(Verdict.CONFIRMED) else "silent"

    @property
    def _article(self) -> str:
        contrary, so = ([self.names[name] for name in self._where(each)] for each in (Verdict.REFUTED, Verdict.CONFIRMED))
        if contrary and so:
            return f"The article says so of {listed(so)}, and the contrary of {listed(contrary)}."
        everybody = len(self.lost) == len(contrary) + len(so)
        if contrary:
            return "The article says the contrary." if everybody else f"The article says the contrary of {listed(contrary)}."
        if so:
            return "As the article says." if everybody else f"The article says so of {listed(so)}."
        return ""


@frozen
class Findings:
    """What stands first in every output."""

    record: Record
    parts: Sequence[Part]
    """As a reader meets the record."""
    sure: Sequence[str]
    """Clauses of how sure it is: how often it was seen, what the suite was shown to notice, what was not decided."""
    names: Mapping[str, str]
    """Approach -> what a sentence calls it; those alone that are compared."""
    mending: Advice | None = None
    """What is known to mend a pod that was checked."""
    selfcheck: str = ""
    """The sentence of a selfcheck, which is of no approach."""

    @classmethod
    def of(
        cls, record: Record, parts: Sequence[Part], front: Front, noticed: Noticed | None, checked: Checked | None
    ) -> Findings:
        """Return them of a record as a reader meets it; `noticed` is of the selfcheck that lies beside it, or is it."""
        if noticed and "controls" in record.header:
            return cls(record, parts, [front.seen], {}, selfcheck=noticed.headline)
        mending = None
        if checked:
            helps = checked.judged_mend or checked.known_to_mend
            mending = Advice(checked.mending, CHECKED, MENDED, checked.about["mend"].get("diff", "") if helps else "")
        return cls(record, parts, list(_sure(record, parts, front, noticed)), compared(record), mending)

    @functools.cached_property
    def ranked(self) -> list[Finding]:
        """Return the findings that a reader is told of: of each fear and approach what it loses most, ranked."""
        by_prop: dict[str, dict[str, list[Part]]] = {}
        for part in self.parts:
            if part.line["approach"] in self.names:
                by_prop.setdefault(part.line["property"], {}).setdefault(part.line["approach"], []).append(part)
        leading: dict[tuple[Fear, str], str] = {}
        for prop, of_approach in by_prop.items():
            fear = fear_of(prop, str(next(iter(of_approach.values()))[0].line["family"]))
            for name, parts in of_approach.items():
                known = leading.get((fear, name))
                weightier = known is None or place(prop, fear) < place(known, fear)
                if fear.promised and name != MENDED and weightier and any(map(lost, parts)):
                    leading[fear, name] = prop
        losers: dict[Fear, dict[str, list[str]]] = {}
        for (fear, name), prop in leading.items():
            losers.setdefault(fear, {}).setdefault(prop, []).append(name)
        findings = []
        for fear, of_fear in losers.items():
            for number, prop in enumerate(sorted(of_fear, key=functools.partial(place, fear=fear))):
                weight = number if prop in LOSSES[fear] else place(prop, fear)
                findings.append(self._finding(prop, fear, weight, of_fear[prop], by_prop[prop]))
        return sorted(findings, key=lambda finding: finding.rank)

    def _finding(
        self, prop: str, fear: Fear, weight: int, losers: Sequence[str], of_approach: Mapping[str, Sequence[Part]]
    ) -> Finding:
        losing = [next(filter(lost, of_approach[name])) for name in losers]
        losing.sort(key=lambda part: not (part.of_article and part.verdict is Verdict.REFUTED))
        keeping = [parts[0] for parts in of_approach.values() if all(part.state is kept(prop) for part in parts)]
        like = originals()
        keeping.sort(key=lambda part: like.get(part.line["approach"]) not in losers)
        mended = any(like.get(part.line["approach"]) in losers for part in keeping)
        return Finding(prop, fear, tuple(losing), tuple(keeping), weight, mended, self.names)

    @property
    def first(self) -> str:
        """Return the sentence that matters most, or that all is as the article says, or why there is none."""
        if self.selfcheck:
            return self.selfcheck
        footer, decided = self.record.footer, [part for part in self.parts if part.state.decided]
        begin = "This run was interrupted. Of what it had seen: on" if not footer or footer["interrupted"] else "On"
        if not decided:
            why = next((f": {part.line['reason']}" for part in self.parts), ": nothing was observed")
            return f"Nothing was decided here{why.rstrip('.')}."
        if self._as_the_article:
            return self._as_the_article
        if not self.ranked:
            return f"{begin} this cluster nothing that was asked is lost."
        return f"{begin} this cluster {self.ranked[0].words}"

    @property
    def _as_the_article(self) -> str:
        """Return in a sentence that all of a whole run is as the article says; '' where that is not so."""
        footer, predicted = self.record.footer, [part for part in self.parts if part.of_article and part.predicted]
        decided = [part for part in predicted if part.state.decided]
        if not footer or footer["interrupted"] or self.record.lost or not decided:
            return ""
        if any(part.verdict is not Verdict.CONFIRMED for part in decided):
            return ""
        rest = len(predicted) - len(decided)
        so = f"{len(decided)} of its {counted(len(predicted), 'prediction')} {are(len(decided))} so"
        return f"On this cluster everything is as the article says: {so}" + (f", {rest} not decided." if rest else ".")

    @property
    def shown(self) -> list[Finding]:
        """Return the findings of which the sentences speak."""
        return self.ranked[: MOST - bool(self._as_the_article)]

    @property
    def more(self) -> list[str]:
        """Return at most four more sentences of the same kind."""
        rest = self.shown if self._as_the_article else self.shown[1:]
        return [finding.brief for finding in rest] if any(part.state.decided for part in self.parts) else []

    @functools.cached_property
    def advice(self) -> list[Advice]:
        """Return what to do about it: for each that loses something the approach that keeps it; at most two."""
        if self.mending:
            return [self.mending]
        asked = [(finding.prop, [part.line["approach"] for part in finding.lost]) for finding in self.shown]
        return list(alternatives(self.record, self.parts, asked, self.names))

    @property
    def lines(self) -> Iterator[str]:
        """Yield all of it, a line each, for outputs of lines."""
        yield shortened(self.first)
        yield from (f"- {shortened(sentence)}" for sentence in self.more)
        yield from (f"What to do: {advice.words}" for advice in self.advice)
        yield f"How sure: {self.how_sure}"

    @property
    def how_sure(self) -> str:
        """Return how sure it is, as a sentence."""
        return f"{'; '.join(self.sure)}."


def _sure(record: Record, parts: Sequence[Part], front: Front, noticed: Noticed | None) -> Iterator[str]:
    """Yield how sure it is, a clause each."""
    yield front.seen
    if noticed:
        exact, ran = (len([each for each in noticed.run_ones if each.exact]), len(noticed.run_ones))
        elsewhere = f", in a world with cgroup {noticed.cgroup}," if noticed.cgroup != record.header["world"]["cgroup"] else ""
        yield f"of {counted(ran, 'control')} with one thing broken{elsewhere} {exact} {were(exact)} noticed"
    elif "checked" not in record.header:
        yield "no selfcheck beside this run shows what the suite notices"
    if record.lost:
        yield f"{counted(len(record.lost), 'cell')} {were(len(record.lost))} not measured"
    uncertain = len(front.uncertain)
    yield (
        f"{uncertain} of {counted(len(parts), 'observation')} could not be decided"
        if uncertain
        else "all observations were decided"
    )


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
