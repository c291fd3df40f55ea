"""The words of ours that a page has, for who reads it alone: each begins what docs/glossary.md says of it, which a test holds."""

from __future__ import annotations

import re

from markupsafe import Markup

WORDS = {
    "approach": "a way to get containers inside a pod",
    "DooD, DinD": "Docker outside of Docker (the node's engine, through its socket); Docker inside Docker (an engine in the pod)",
    "mend": "an approach that differs from another by what keeps a promise the other loses",
    "control": "a leg with one thing broken, or made to look right, of which it is known beforehand what must be observed",
    "leg": "an approach that is deployed once, in a namespace of its own, with a nonce and ports of its own",
    "variation": "what is done with pod and child of a leg, and how its pod is deleted",
    "child": "the container that a leg's client started",
    "nonce": "the random name of one leg: in the child's page, its environment, and the label of all that is made for the leg",
    "neighbour": "another pod beside a leg's own",
    "Pod A": "the article's first figure, the baseline",
    "stand-in": "an image of ours under a public name, where no registry answered",
    "world": "where a run takes place: cgroup version, kernel, Kubernetes, runtimes",
    "evidence": "one answer, verbatim, under a name, with the question, the time and the duration",
    "property": "a sentence that is true or false of a child, with the judge that decides it from evidence alone",
    "claim": "what the article says, in one of its 35 sentences",
    "prediction, expectation": "what the article says will be observed; what we expect in this world",
    "observation": "what a property came to on a leg: HOLDS, LACKS, INCONCLUSIVE, NOT-APPLICABLE, ERROR",
    "verdict": "an observation beside its prediction: CONFIRMED, REFUTED, or silent",
    "residue": "what a run found on the nodes at its end that was not there before it",
}
TAG = re.compile(r"<[^>]*>")


def used(page: Markup) -> dict[str, str]:
    """Return of `WORDS` those that a page's text has, also as plurals and with a capital, each with what it means."""
    text = TAG.sub(" ", page)
    words = {*re.findall(r"[\w-]+", text), *re.findall(r"Pod A\b", text)}
    words |= {word.lower() for word in words if word.istitle()}
    return {
        name: means for name, means in WORDS.items() if any({word, f"{word}s", f"{word}es"} & words for word in name.split(", "))
    }
