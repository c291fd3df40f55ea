"""The suite installed from a wheel, far from any checkout: an empty folder, an empty home, no network."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from attrs import frozen

from conformance.world.machine import paths
from conformance.world.machine.digest import digest
from tests.conftest import ROOT, of_legs, passed_again, recorded_level, recorded_lines, write

NEEDED = ("conformance", "scenarios", "kind-config.yaml", "requirements.lock")
"""What of the checkout a run needs."""


@frozen
class Installed:
    """A virtual environment with the wheel in it, and an empty folder to be in."""

    wheel: Path
    python: Path
    folder: Path

    def run(self, program: str, *args: str, code: int = 0) -> str:
        """Run a program of the environment in the empty folder and give what it printed."""
        done = subprocess.run(
            [self.python.with_name(program), *args], cwd=self.folder, capture_output=True, text=True, check=False, timeout=60,
            env={"HOME": str(self.folder), "PATH": os.defpath},
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def asked(self, expression: str) -> str:
        """Return what an expression is there."""
        imports = (
            "import conformance, scenarios; "
            "from conformance.world.machine import paths; from conformance.world.machine.digest import digest"
        )
        return self.run("python", "-c", f"{imports}; print({expression})").strip()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Return the suite as `pip install` leaves it: source distribution, wheel of that, environment."""
    base = tmp_path_factory.mktemp("installed")

    def build(kind_: str, source: Path) -> Path:
        args = [sys.executable, "-m", "hatchling", "build", "-t", kind_, "-d", str(base / kind_)]
        subprocess.run(args, cwd=source, check=True, capture_output=True, timeout=60)
        return next((base / kind_).iterdir())

    source = build("sdist", ROOT)
    with tarfile.open(source) as archive:
        archive.extractall(base, filter="data")
    wheel = build("wheel", base / source.name.removesuffix(".tar.gz"))
    venv.create(base / "venv", with_pip=False, symlinks=True)
    python = base / "venv" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(pip, check=True, capture_output=True, timeout=60)
    # The dependencies of this very environment. What a .pth file names is not searched for .pth files in turn, so an
    # editable install there stays out of sight.
    here = python.parents[1] / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
    (here / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    (base / "empty").mkdir()
    return Installed(wheel, python, base / "empty")


def test_the_wheel_holds_everything_that_a_run_needs(installed: Installed) -> None:
    listed = subprocess.run(["git", "ls-files", "-z", "--", *NEEDED], cwd=ROOT, capture_output=True, check=True).stdout
    beside = ("kind-config.yaml", "requirements.lock")
    names = filter(None, listed.decode().split("\0"))
    wanted = {f"conformance/world/build/{name}" if name in beside else name for name in names}
    with zipfile.ZipFile(installed.wheel) as archive:
        packed = set(archive.namelist())
    assert {"conformance/run/run.ini", "conformance/world/build/kind-config.yaml"} < wanted
    assert wanted - packed == set()
    others = {name.partition("/")[2] for name in packed - wanted}
    assert others == {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}


def test_it_is_the_installed_suite_that_answers(installed: Installed) -> None:
    assert Path(installed.asked("conformance.__file__")).is_relative_to(installed.python.parents[1])
    assert Path(installed.asked("scenarios.__file__")).is_relative_to(installed.python.parents[1])


def test_it_lists_and_renders_in_an_empty_folder_with_an_empty_home(installed: Installed, tmp_path: Path) -> None:
    assert installed.run("conformance", "--version").split()[-1] == metadata.version("conformance")
    assert "P2-13" in installed.run("conformance", "list")
    assert list(installed.folder.iterdir()) == []
    installed.run(
        "conformance",
        "report",
        str(write(tmp_path / "record.jsonl", of_legs(recorded_lines(), "dind.detached", "dood.detached"))),
    )
    assert {"report.html", "summary.md"} <= {file.name for file in tmp_path.iterdir()}
    assert list(installed.folder.iterdir()) == []


def test_it_judges_a_record_again(installed: Installed, tmp_path: Path) -> None:
    record = write(tmp_path / "record.jsonl", recorded_lines())
    scenarios = installed.asked("scenarios.__path__[0]")
    args = ["-q", "-p", "conformance.run.plugin", "-p", "no:cacheprovider", scenarios, "--replay", str(record)]
    args += ["--conformance-level", recorded_level()]
    assert f"{passed_again()} passed" in installed.run("python", "-m", "pytest", *args)


def test_it_shares_programs_images_and_cluster_with_the_checkout(installed: Installed) -> None:
    names = sorted(f"{part}/{folder.name}" for part in ("go", "images") for folder in (paths.BUILD / part).iterdir())
    assert {"go/node", "images/node"} <= set(names)
    assert installed.asked(f"[digest(paths.BUILD / name) for name in {names}]") == str([digest(paths.BUILD / n) for n in names])
    assert installed.asked("digest(paths.kind_config())") == digest(paths.kind_config())
