"""A run's folder served to this machine: its files alone, and to who names it so."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from conformance.report import serving


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Yield the address of a folder that has a page."""
    folder, outside = tmp_path / "run", tmp_path / "outside"
    for place in (folder / "sub", outside):
        place.mkdir(parents=True)
        (place / "index.html").write_text("a file", encoding="utf-8")
    (folder / serving.PAGE).write_text("a page", encoding="utf-8")
    (folder / "file").symlink_to(outside / "index.html")
    (folder / "directory").symlink_to(outside)
    (folder / "own").symlink_to(folder / serving.PAGE)
    (tmp_path / "latest").symlink_to(folder)
    with serving.server(tmp_path / "latest") as at_work:
        threading.Thread(target=at_work.serve_forever, daemon=True).start()
        yield f"http://{serving.HERE}:{at_work.server_address[1]}/{serving.PAGE}"
        at_work.shutdown()


def test_a_page_is_served_to_who_names_this_machine(address: str) -> None:
    assert address.startswith("http://127.0.0.1:")
    assert requests.get(address, timeout=5).text == "a page"
    assert requests.head(address, timeout=5).status_code == 200
    for method in ("GET", "HEAD"):
        assert requests.request(method, address, headers={"Host": "evil.example"}, timeout=5).status_code == 403


def test_a_file_of_the_folder_is_served_and_nothing_else(address: str) -> None:
    root = address.removesuffix(serving.PAGE)
    assert [requests.get(root + path, timeout=5).text for path in ("own", "sub/index.html")] == ["a page", "a file"]
    for path in ("", "sub", "sub/", "file", "directory/index.html", "directory/", "%2e%2e/outside/index.html", "none", "%00"):
        assert requests.get(root + path, timeout=5).status_code == 404, path


def test_ctrl_c_ends_it_and_a_browser_is_opened_where_one_can_show_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words: list[str] = []
    opened: list[str] = []

    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("http.server.ThreadingHTTPServer.serve_forever", interrupted)
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    for display in ("", ":0"):
        monkeypatch.setenv("DISPLAY", display)
        serving.serve(tmp_path, words.append)
    assert [message.partition("\n")[0].endswith(serving.PAGE) for message in words] == [True, False, True, False]
    assert opened == [words[2].partition("\n")[0]]
