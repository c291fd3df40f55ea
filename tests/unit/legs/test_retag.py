"""The image that a manifest as printed is given: made with the nonce, found by it, its tag put back."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pytest
from attrs import evolve

from conformance.approaches.catalogue import PRINTED_PORT, catalogue
from conformance.errors import RigError
from conformance.images import CHILD
from conformance.legs import naming, retag
from conformance.legs.leg import Leg
from conformance.legs.variations import VARIATIONS
from conformance.probes import node_engine

NONCE = "conformance-0f0f0f0f-article-dood-printed-1"
ORIGINAL, THEIRS = "sha256:original", "sha256:theirs"
LEG = Leg("0f0f0f0f", catalogue()["article-dood"], VARIATIONS["printed"], NONCE, PRINTED_PORT)


class Engine:
    """Keeps containers, images and tags as an engine does."""

    node = "a-node"

    def __init__(self) -> None:
        self.tags = {CHILD: ORIGINAL}
        self.labels: dict[str, dict[str, str]] = {ORIGINAL: {}}
        self.containers: dict[str, Any] = {}

    def engine(self) -> str:
        return ""

    def ask(self, _: str, __: float = 0, *, path: str, method: str = "GET", body: Any = None, **___: object) -> Any:
        status, answer = self._answer(method, unquote(path), body)
        return SimpleNamespace(output={"status": status, "body": json.dumps(answer), "lost": ""})

    def _answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        words = path.replace("?", "/").split("/")[1:]
        if (method, words[0]) == ("POST", "commit"):
            identity = f"sha256:marked-{len(self.labels)}"
            self.labels[identity] = self.containers["c1"]["Labels"]
            self.tags[CHILD] = identity
            return 201, {"Id": identity}
        if path == "/containers/create":
            if self.tags.get(body["Image"], body["Image"]) not in self.labels:
                return 404, {"message": "No such image"}
            self.containers["c1"] = body
            return 201, {"Id": "c1"}
        if method == "DELETE":
            gone = self.containers.pop(words[1], None) or self.labels.pop(words[1], None)
            self.tags = {tag: image for tag, image in self.tags.items() if image != words[1]}
            return (204, None) if gone is not None else (404, None)
        if method == "POST" and words[2] == "tag":
            if words[1] not in self.labels:
                return 404, {"message": "No such image"}
            self.tags[CHILD] = words[1]
            return 201, None
        if path == "/images/json":
            return 200, [{"Id": i, "Labels": labels, "RepoTags": self._tags_of(i)} for i, labels in self.labels.items()]
        if path == f"/images/{CHILD}/json":
            image = self.tags.get(CHILD)
            return (200, {"Id": image, "Config": {"Labels": self.labels[image] or None}}) if image else (404, None)
        return 200, {"Volumes": []} if path == "/volumes" else []

    def _tags_of(self, image: str) -> list[str]:
        return [tag for tag, of in self.tags.items() if of == image]


def an_engine() -> Any:
    return Engine()


def test_the_image_carries_the_nonce_for_as_long_as_the_leg_lasts() -> None:
    engine = an_engine()
    assert retag.nonce_in_tag(engine) == ""
    retag.retag(engine, LEG)
    assert retag.nonce_in_tag(engine) == LEG.nonce
    assert engine.containers == {}
    assert naming.run_of(LEG.nonce) == LEG.run
    assert [thing["kind"] for thing in node_engine.remove_by_nonce(engine, LEG.nonce)] == ["image"]
    assert engine.tags == {CHILD: ORIGINAL}
    assert set(engine.labels) == {ORIGINAL}


def test_whoever_sweeps_after_a_crash_puts_the_tag_back() -> None:
    engine = an_engine()
    retag.retag(engine, LEG)
    assert node_engine.remove_by_nonce(engine, naming.nonce_prefix("another")) == []
    assert retag.nonce_in_tag(engine) == LEG.nonce, "another run's is not its to put back"
    assert node_engine.remove_by_nonce(engine, naming.nonce_prefix(LEG.run))
    assert engine.tags == {CHILD: ORIGINAL}


def test_a_tag_that_was_moved_meanwhile_is_left_where_it_is() -> None:
    engine = an_engine()
    retag.retag(engine, LEG)
    engine.labels[THEIRS] = {}
    engine.tags[CHILD] = THEIRS
    node_engine.remove_by_nonce(engine, LEG.nonce)
    assert engine.tags == {CHILD: THEIRS}
    assert set(engine.labels) == {ORIGINAL, THEIRS}


def test_an_image_that_is_built_on_it_has_its_labels_and_not_its_tag() -> None:
    engine = an_engine()
    retag.retag(engine, LEG)
    engine.labels["sha256:built"] = dict(engine.labels[engine.tags[CHILD]])
    carrying = {thing["id"]: thing["puts_back"] for thing in node_engine.carrying_nonce(engine)}
    assert carrying == {engine.tags[CHILD]: ORIGINAL, "sha256:built": ""}


def test_where_nothing_had_the_tag_nothing_is_put_back() -> None:
    engine = an_engine()
    engine.tags = {"registry.example/httpd:2.4": ORIGINAL}
    given = evolve(LEG, images={CHILD: "registry.example/httpd:2.4"})
    retag.retag(engine, given)
    node_engine.remove_by_nonce(engine, LEG.nonce)
    assert engine.tags == {"registry.example/httpd:2.4": ORIGINAL}
    engine.labels.clear()
    with pytest.raises(RigError, match="cannot be made on a-node"):
        retag.retag(engine, given)


def test_what_its_children_serve_is_what_doods_do() -> None:
    engine = an_engine()
    bodies: list[Any] = []
    ask = engine.ask

    def heard(*args: Any, **about: Any) -> Any:
        bodies.extend([about["body"]] if about.get("body") else [])
        return ask(*args, **about)

    engine.ask = heard
    retag.retag(engine, LEG)
    assert bodies[0]["Env"] == [f"CHILD_NONCE={LEG.nonce}"]
    assert bodies[0]["Cmd"][:2] == ["sh", "-c"]
    assert "$CHILD_NONCE" in bodies[0]["Cmd"][2]


def test_no_word_of_the_printed_manifest_is_changed() -> None:
    pod = evolve(LEG, images={CHILD: "registry.example/httpd:2.4"}).pod()
    printed = catalogue()["article-dood"].manifest
    assert pod["spec"] == printed["spec"]
    assert catalogue()["article-dood"].marks_image
    assert not any(approach.marks_image for name, approach in catalogue().items() if name != "article-dood")


def test_an_image_whose_configuration_is_null_has_no_nonce() -> None:
    engine = an_engine()
    engine._answer = lambda *_: (200, {"Id": ORIGINAL, "Config": None})
    assert retag.nonce_in_tag(engine) == ""
