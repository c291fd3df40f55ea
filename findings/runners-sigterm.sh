#!/usr/bin/env bash
# tox, nox, hatch run and honcho run end at a SIGTERM and leave behind what they run; uv run and poetry run pass it on.
#
# Versions: tox 4.67.15, nox 2026.10.20, hatch 1.18.2, honcho 2.0.0, uv 0.13.9, poetry 2.5.1 of Python.
# Behaviour: SIGTERM is sent to the one process that was started, as a supervisor, an init without process groups or Popen.terminate() does.
# The first four have no handler for it and die; the command that they started goes on without a parent, with its ports and files.
# uv stays, passes the signal on and takes over the command's exit status; poetry has become the command.
# Seen: for each the exit status (negative: the signal that ended it), and whether the command had the signal or went on.
# What follows: signal the whole process group, or do not stand behind one of the four where something else ends you. As process 1 of
# a container, without a handler, they do not end at all before SIGKILL.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check tox==4.67.15 nox==2026.10.20 hatch==1.18.2 honcho==2.0.0 uv==0.13.9 poetry==2.5.1
cat >command.py <<'PYTHON'
import os
import pathlib
import signal
import sys
import time


def stop(*_):
    sys.exit(7)


signal.signal(signal.SIGTERM, stop)
pathlib.Path("started.new").write_text(str(os.getpid()))
os.rename("started.new", "started")
time.sleep(60)
PYTHON
cat >noxfile.py <<'PYTHON'
import nox


@nox.session(venv_backend="none")
def command(session):
    session.run("python3", "command.py")
PYTHON
cat >tox.ini <<'INI'
[testenv:command]
skip_install = true
allowlist_externals = python3
commands = python3 command.py
INI
cat >pyproject.toml <<'TOML'
[project]
name = "finding"
version = "1"
[tool.hatch.envs.default]
skip-install = true
[tool.poetry]
package-mode = false
TOML
cat >look.py <<'PYTHON'
import os
import pathlib
import signal
import subprocess
import time

started = pathlib.Path("started")


def goes_on(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


for runner in (
    ["tox", "-qq", "-e", "command"],
    ["nox", "-s", "command"],
    ["hatch", "run", "python3", "command.py"],
    ["honcho", "run", "python3", "command.py"],
    ["uv", "run", "--no-project", "python3", "command.py"],
    ["poetry", "run", "python3", "command.py"],
):
    started.unlink(missing_ok=True)
    with open("log", "w") as log:
        process = subprocess.Popen([f"venv/bin/{runner[0]}", *runner[1:]], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    while not started.exists():
        assert process.poll() is None, pathlib.Path("log").read_text()
        time.sleep(0.1)
    command = int(started.read_text())
    process.terminate()
    status = process.wait(30)
    time.sleep(1)
    print(runner[0], status, "the command goes on" if goes_on(command) else "the command had it", flush=True)
    if goes_on(command):
        os.kill(command, signal.SIGKILL)
PYTHON
export HATCH_DATA_DIR=$folder/hatch UV_CACHE_DIR=$folder/uv
venv/bin/python look.py | tee seen
diff - seen <<'SEEN'
tox -15 the command goes on
nox -15 the command goes on
hatch -15 the command goes on
honcho -15 the command goes on
uv 7 the command had it
poetry 7 the command had it
SEEN
echo "as it was seen"
