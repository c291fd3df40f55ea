"""The image of a child: whole, loadable, and made of programs that run in it alone."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from conformance.probes.agent import child


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> tarfile.TarFile:
    """Return what is sent to the engine."""
    kept: list[bytes] = []

    def send(_asked: object, method: str, path: str, body: Any, _kind: str) -> dict[str, Any]:
        assert (method, path.partition("?")[0]) == ("POST", "/images/load")
        kept.append(body.read())
        return {"status": 200, "body": "", "lost": ""}

    monkeypatch.setattr(child, "send", send)
    answer = child.bring_image({"tag": "a:b", "config": {"Cmd": ["sh"]}})
    assert answer["status"] == 200
    assert answer["bytes"] > 1 << 20
    return tarfile.open(fileobj=io.BytesIO(kept[0]))


def content(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file
    return file.read()


def test_it_is_what_docker_save_writes(sent: tarfile.TarFile) -> None:
    [image] = json.loads(content(sent, "manifest.json"))
    assert image["RepoTags"] == ["a:b"]
    config = json.loads(content(sent, image["Config"]))
    digest = hashlib.sha256(content(sent, image["Layers"][0])).hexdigest()
    assert config["rootfs"]["diff_ids"] == [f"sha256:{digest}"]
    assert (config["os"], config["config"]) == ("linux", {"Cmd": ["sh"]})


@pytest.mark.skipif(os.geteuid() != 0, reason="chroot needs root")
def test_its_programs_run_in_it_alone(sent: tarfile.TarFile, tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(content(sent, "layer.tar"))) as layer:
        layer.extractall(tmp_path, filter="fully_trusted")
    script = "perl -e 'use Socket; print length sockaddr_in(80, INADDR_ANY)'; sleep 0; echo \" $0\""
    (tmp_path / "dev" / "null").touch()  # a container has one
    command = ["chroot", str(tmp_path), "sh", "-c", script, "here"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"]})
    assert (ran.stdout, ran.stderr) == ("16 here\n", "")
    assert (tmp_path / "tmp").stat().st_mode & 0o7777 == 0o1777


def test_a_probe_without_a_program_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "perl" else which(name))
    assert child.bring_image({})["lost"] == "this probe's image has no perl"
