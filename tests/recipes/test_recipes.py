"""Each recipe of CONTRIBUTING.md on a copy of the suite: followed it works, and a step left out is named by what fails."""

from __future__ import annotations

import lzma
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from attrs import frozen

from conformance.approaches.catalogue import catalogue
from tests.conftest import RECORDED, ROOT


@frozen
class Copy:
    """A copy of the suite and of its unit tests, which a recipe changes."""

    folder: Path

    def append(self, file: str, text: str) -> None:
        """Add a text to the end of a file, which is made if it is not there."""
        path = self.folder / file
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        path.write_text(before + text, encoding="utf-8")

    def replace(self, file: str, old: str, new: str) -> None:
        """Put a text in the place of another, which must be there."""
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def python(self, *args: str) -> str:
        """Return what Python printed, both streams, started in the copy."""
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "COLUMNS": "200"}
        done = subprocess.run(
            [sys.executable, *args], cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        return done.stdout + done.stderr

    def conformance(self, *args: str) -> str:
        """Return what a command of the copy printed."""
        return self.python("-c", "from conformance.cli import main; main()", *args)

    def tests(self, *args: str) -> str:
        """Return what tests of the copy printed."""
        return self.python("-m", "pytest", "-q", "-p", "no:cacheprovider", *args)


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """Return a copy of what a recipe touches and of the tests that it names."""
    without = shutil.ignore_patterns("__pycache__", "go", "kernel", "*.xz", "goldens")
    for folder in ("conformance", "scenarios", "tests", "hack"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=without)
    for file in ("pyproject.toml", "kind-config.yaml", "CONTRIBUTING.md"):
        shutil.copy(ROOT / file, tmp_path / file)
    return Copy(tmp_path)


@pytest.fixture(scope="session")
def record(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the recorded run as a file."""
    file = tmp_path_factory.mktemp("recorded") / "record.jsonl"
    file.write_bytes(lzma.decompress(RECORDED.read_bytes()))
    return str(file)


PROPERTY = '''

@prop("P2-05.toy", "the child serves", predicts={"dood": HOLDS, "dind": HOLDS}, legs=("foreground",))
def serves(seen: Seen) -> Observation:
    """Judge whether the child was seen serving."""
    return HOLDS.because("it serves", seen["child"].id)
'''


def test_a_property_is_one_function_in_one_file(copy: Copy, record: str) -> None:
    copy.append("scenarios/networking.py", PROPERTY)
    printed = copy.conformance("judge", record)
    assert "appeared  P2-05.toy[dind.foreground]: HOLDS: it serves" in printed
    assert "P2-05.toy" in copy.conformance("list")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            (', predicts={"dood": HOLDS, "dind": HOLDS}', ', predicts={"dood": HOLDS}'),
            "P2-05.toy: nothing is predicted or expected of dind",
        ),
        (('"P2-05.toy"', '"TOY"'), "TOY: it is no claim of the article, so `source` must say where it is said"),
        (('legs=("foreground",)', 'legs=("sideways",)'), "P2-05.toy: there is no variation 'sideways'"),
    ],
)
def test_a_property_that_is_not_whole_is_refused(copy: Copy, change: tuple[str, str], sentence: str) -> None:
    copy.append("scenarios/networking.py", PROPERTY.replace(*change))
    assert sentence in copy.conformance("list")


def test_a_family_that_is_not_listed_is_missed(copy: Copy) -> None:
    copy.append("scenarios/toys.py", '"""Toys: nothing."""\n')
    assert "scenarios/toys.py is in no family: name it in scenarios/__init__.py" in copy.tests(
        "tests/unit/test_suite.py", "-k", "family"
    )


LINES = {
    "toy": {
        "title": "a toy",
        "client": "docker-cmds",
        "daemon": "dind-daemon",
        "port": 2375,
        "granted": ["a privileged container"],
    }
}
MANIFEST, ENTRY = "conformance/approaches/toy.yaml", "conformance/approaches/catalogue.yaml"


def test_an_approach_is_a_manifest_and_its_lines(copy: Copy) -> None:
    copy.append(MANIFEST, catalogue()["dind"].text)
    copy.append(ENTRY, yaml.safe_dump({"toy": {**LINES["toy"], "like": "dind", "families": ["resources"]}}))
    listed = copy.conformance("list")
    assert re.search(r"judged of dood, dind, dind-cgroupns,[^;]*, toy;", listed)


@pytest.mark.parametrize(
    ("manifest", "lines", "sentence"),
    [
        (True, None, "approaches/toy.yaml has no entry in approaches/catalogue.yaml"),
        (False, {"like": "dind", "families": ["resources"]}, "catalogue.yaml has toy, and there is no approaches/toy.yaml"),
        (True, {}, "nothing judges toy"),
    ],
)
def test_an_approach_of_which_a_part_is_missing_is_refused(
    copy: Copy, manifest: bool, lines: dict[str, object] | None, sentence: str
) -> None:
    if manifest:
        copy.append(MANIFEST, catalogue()["dind"].text)
    if lines is not None:
        copy.append(ENTRY, yaml.safe_dump({"toy": {**LINES["toy"], **lines}}))
    assert sentence in copy.conformance("list")


QUESTION = '''

@question
def toy(_: Object) -> str:
    """Return a word."""
    return "toy"
'''
ASKED = '''

def play(rig: Rig) -> None:
    """Ask the toy."""
    rig.ask("toy", "toy")
'''
OF_THE_AGENT, BY_HAND = "conformance/probes/agent/machine.py", "conformance/explain/by_hand.py"
OF_QUESTIONS = ("tests/unit/probes/agent/test_questions.py", "tests/unit/explain/test_by_hand.py")
NAMED_BY_HAND = ("NO_SHELL = {\n", 'NO_SHELL = {\n    "toy": "machine",\n')


def test_a_question_is_one_function(copy: Copy) -> None:
    copy.append(OF_THE_AGENT, QUESTION)
    copy.append("scenarios/networking.py", ASKED)
    copy.replace(BY_HAND, *NAMED_BY_HAND)
    assert " passed" in (printed := copy.tests(*OF_QUESTIONS, "-k", "is_asked or every_question"))
    assert "failed" not in printed, printed


@pytest.mark.parametrize(
    ("left_out", "sentence"),
    [
        ("@question", "asks the node probe 'toy'"),
        ("by hand", "explain/by_hand.py has neither a command for {'toy'}"),
        ("asked", "nobody asks {'toy'} of the node probe"),
    ],
)
def test_a_question_of_which_a_step_is_left_out_is_named(copy: Copy, left_out: str, sentence: str) -> None:
    copy.append(OF_THE_AGENT, QUESTION.replace("@question\n", "") if left_out == "@question" else QUESTION)
    if left_out != "asked":
        copy.append("scenarios/networking.py", ASKED)
    if left_out != "by hand":
        copy.replace(BY_HAND, *NAMED_BY_HAND)
    printed = copy.tests(*OF_QUESTIONS, "-k", "is_asked or every_question")
    assert " failed" in printed, printed
    assert sentence in printed


WORLD = '''"""A toy: a world that is the machine's engine under another name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from conformance.world.images.image_store import Image
from conformance.world.machine.progress import Progress
from conformance.world.worlds import World


class Toy(World):
    """The machine's engine, called a toy."""

    def steps(self) -> list[float]:
        return []

    def stands(self, node: Image) -> bool:
        return True

    def prepare(self, node: Image, progress: Progress, *, install: bool) -> bool:
        return False

    @property
    def environment(self) -> Mapping[str, str]:
        return {}

    def reach(self, kubeconfig: Path) -> None:
        pass

    def is_there(self) -> bool:
        return False

    def state(self) -> str:
        return "in its box"

    def stop(self) -> None:
        pass
'''
OF_WORLDS = "tests/unit/world/test_worlds.py"


def enter(copy: Copy, name: str = "Toy") -> None:
    """Enter the toy world where the command line's worlds are."""
    copy.replace("conformance/choices.py", "WORLDS = {\n", f'WORLDS = {{\n    "toy": "conformance.world.toy:{name}",\n')


def test_a_world_is_a_class_and_an_entry(copy: Copy) -> None:
    copy.append("conformance/world/toy.py", WORLD)
    assert "toy" not in copy.conformance("up", "--help")
    enter(copy)
    assert "|toy" in copy.conformance("up", "--help").replace("[toy|", "|toy")
    assert " passed" in (printed := copy.tests(OF_WORLDS, "-k", "every_name_that_can_be_chosen"))
    assert "failed" not in printed, printed


WITHOUT_END = WORLD.replace("    def stop(self) -> None:\n        pass\n", "")


@pytest.mark.parametrize(
    ("written", "entered", "sentence"),
    [
        (WITHOUT_END, "Toy", "Can't instantiate abstract class Toy"),
        (WORLD, "Toys", "has no attribute 'Toys'"),
        (WORLD.replace("class Toy(World)", "class Toy"), "Toy", "Toy() takes no arguments"),
    ],
)
def test_a_world_that_is_not_whole_is_named(copy: Copy, written: str, entered: str, sentence: str) -> None:
    copy.append("conformance/world/toy.py", written)
    enter(copy, entered)
    printed = copy.tests(OF_WORLDS, "-k", "every_name_that_can_be_chosen")
    assert " failed" in printed, printed
    assert sentence in printed


PICTURE = '''"""A toy: how many legs there were."""

from __future__ import annotations

from conformance.analysis.summary import Summary
from conformance.report.pictures.drawing import Picture

ID, TITLE = "toys", "Toys of the run"


def picture(summary: Summary) -> Picture:
    """Return no drawing, and a table of one number."""
    rows = (("legs", str(len(summary.record.legs))),)
    return Picture(ID, TITLE, "A toy.", (), ("nothing is drawn",), ("what", "how many"), rows)
'''
PICTURES = "conformance/report/pictures"


def test_a_picture_is_one_module_and_its_place(copy: Copy, record: str) -> None:
    copy.append(f"{PICTURES}/toys.py", PICTURE)
    copy.replace(f"{PICTURES}/__init__.py", "kept, landed, strips, timeline\n", "kept, landed, strips, timeline, toys\n")
    copy.replace(f"{PICTURES}/__init__.py", "strips, kept)", "strips, kept, toys)")
    shutil.copy(record, copy.folder / "record.jsonl")
    copy.conformance("report", str(copy.folder))
    assert "Toys of the run" in (copy.folder / "report.html").read_text(encoding="utf-8")


def test_a_picture_without_its_place_is_missed(copy: Copy) -> None:
    copy.append(f"{PICTURES}/toys.py", PICTURE)
    printed = copy.tests("tests/unit/report/test_pictures.py", "-k", "every_module")
    assert "{'toys'}: a picture is a module, and its place in pictures/__init__.py, MODULES" in printed


CONTROL = """
nc-00:
  title: a toy
  mistake: >-
    It is believed.
  client: docker-cmds
  daemon: dind-daemon
  port: 2375
  granted: [a privileged container]
  vector: {L: P, X: F}
"""
COLLECT = ("-m", "pytest", "-q", "--collect-only", "-p", "conformance.run.plugin", "-p", "no:cacheprovider", "scenarios")


def manifest_of_control(copy: Copy) -> None:
    text = (copy.folder / "conformance" / "controls" / "nc-15.yaml").read_text(encoding="utf-8")
    copy.append("conformance/controls/nc-00.yaml", text.replace("nc-15", "nc-00"))


def test_a_control_is_a_manifest_and_an_entry(copy: Copy) -> None:
    manifest_of_control(copy)
    copy.append("conformance/controls/catalogue.yaml", CONTROL)
    printed = copy.python(*COLLECT, "--conformance-controls", "all", "-k", "nc-00")
    cells = {line.rpartition("::")[2] for line in printed.splitlines() if "::" in line}
    assert cells == {"P2-10[nc-00.foreground]", "P2-10[nc-00.foreground-forced]", "H-02[nc-00.foreground-forced]"}


@pytest.mark.parametrize(
    ("written", "manifest", "sentence"),
    [
        ("", True, "controls/nc-00.yaml has no entry in controls/catalogue.yaml"),
        (CONTROL, False, "controls/catalogue.yaml has nc-00, and there is no controls/nc-00.yaml"),
        (CONTROL.replace("  vector: {L: P, X: F}\n", ""), True, "controls/catalogue.yaml: nc-00 has no vector"),
        (CONTROL.replace("X: F", "Y: F"), True, "controls/catalogue.yaml: nc-00 is not whole: 'Y'"),
    ],
)
def test_a_control_that_is_not_whole_is_named(copy: Copy, written: str, manifest: bool, sentence: str) -> None:
    if manifest:
        manifest_of_control(copy)
    copy.append("conformance/controls/catalogue.yaml", written)
    assert sentence in copy.python(*COLLECT, "--conformance-controls", "all")
