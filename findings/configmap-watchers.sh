#!/usr/bin/env bash
# watchfiles calls a file of a mounted ConfigMap deleted at its first update, and is silent ever after; watchdog says nothing at all.
#
# Versions: watchfiles 1.3.0 and watchdog 7.1.0 of Python.
# Behaviour: kubelet never writes to such a file. `app.yaml` is a link to `..data/app.yaml`, `..data` one to a folder with the date in
# its name; an update makes another folder, renames a new `..data` over the old one and removes the old folder. Who watches `app.yaml`
# watches a file that is then removed. watchfiles gives its end as that of `app.yaml`, which is there all the time, and does
# not see the next one. watchdog gives nothing for the file, and in the folder nothing that has its name: the update is a
# move to `..data`, which patterns such as `*.yaml` leave out.
# Seen: what was given at each of two updates that were made as kubelet makes them.
# What follows: watch the folder that is mounted, take anything in it for an update, and read the file again.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check watchfiles==1.3.0 watchdog==7.1.0
cat >look.py <<'PYTHON'
import os
import pathlib
import shutil
import tempfile
import threading
import time

import watchfiles
from watchdog.events import FileSystemEventHandler, PatternMatchingEventHandler
from watchdog.observers import Observer


def update(mount, name):
    """As kubelet's atomic writer does."""
    mount.joinpath(name).mkdir()
    mount.joinpath(name, "app.yaml").write_text(name)
    old = mount / os.readlink(mount / "..data") if mount.joinpath("..data").is_symlink() else None
    mount.joinpath("..data_tmp").symlink_to(name)
    mount.joinpath("..data_tmp").rename(mount / "..data")
    if old is None:
        mount.joinpath("app.yaml").symlink_to("..data/app.yaml")
    else:
        shutil.rmtree(old)


def updated(mount, given):
    for number in 2, 3:
        given.clear()
        update(mount, f"..{number}")
        time.sleep(2)
        assert mount.joinpath("app.yaml").read_text() == f"..{number}"
        print(f"    update {number - 1}:", *sorted(given) or ["nothing"])


def by_watchfiles(mount, watched):
    given, stop = set(), threading.Event()

    def watch():
        for changes in watchfiles.watch(watched, stop_event=stop, rust_timeout=500):
            given.update(f"{kind.name} {os.path.relpath(path, mount)}" for kind, path in changes)

    thread = threading.Thread(target=watch)
    thread.start()
    time.sleep(2)
    updated(mount, given)
    stop.set()
    thread.join()


def by_watchdog(mount, watched, handler):
    given = set()

    def take(event):
        if "app.yaml" in (os.path.basename(event.src_path), os.path.basename(event.dest_path)) or event.event_type == "moved":
            given.add(f"{event.event_type} {os.path.basename(event.src_path)} {os.path.basename(event.dest_path)}".strip())

    handler.on_any_event = take
    observer = Observer()
    observer.schedule(handler, str(watched))
    observer.start()
    time.sleep(1)
    updated(mount, given)
    observer.stop()
    observer.join()


def mounted():
    mount = pathlib.Path(tempfile.mkdtemp(dir="."), "config").absolute()
    mount.mkdir()
    update(mount, "..1")
    return mount


print("watchfiles, the file")
mount = mounted()
by_watchfiles(mount, mount / "app.yaml")
print("watchdog, the file")
mount = mounted()
by_watchdog(mount, mount / "app.yaml", FileSystemEventHandler())
print("watchdog, the folder with *.yaml")
mount = mounted()
by_watchdog(mount, mount, PatternMatchingEventHandler(patterns=["*.yaml"]))
print("watchdog, the folder")
mount = mounted()
by_watchdog(mount, mount, FileSystemEventHandler())
PYTHON
venv/bin/python look.py | tee seen
diff - seen <<'SEEN'
watchfiles, the file
    update 1: deleted app.yaml modified app.yaml
    update 2: nothing
watchdog, the file
    update 1: nothing
    update 2: nothing
watchdog, the folder with *.yaml
    update 1: nothing
    update 2: nothing
watchdog, the folder
    update 1: moved ..data_tmp ..data
    update 2: moved ..data_tmp ..data
SEEN
echo "as it was seen"
