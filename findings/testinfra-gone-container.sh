#!/usr/bin/env bash
# testinfra says that files, users and packages are not there, and that nobody listens, in a container that is gone, if asked before.
#
# Version: pytest-testinfra 10.2.2 with pytest 9.2.0; dpkg and iproute2 from the machine, which plays the container.
# Behaviour: a property is "no" where its command ends with 1, and so does `docker exec` if the container is gone, and `kubectl exec`
# likewise. The first question about a kind of thing asks for the system's name too, and fails aloud. That name is kept for the host, and
# the host for the whole run: after one good question `file().exists`, `user().exists`, `package().is_installed` and
# `socket().is_listening` are False for a container that ended in between. `group().exists` and `mount_point().exists` fail in either
# case, `host.exists()` and `pip().is_installed` are False in either case.
# Guessed: first that all of them are False, then, after the first ones failed aloud, that a listening socket is an error, too.
# Seen: each property, asked of two containers that are gone, of which the first was asked before.
# What follows: before each assertion that something is not there, assert that the container answers (`host.run_test("true").rc == 0`).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pytest-testinfra==10.2.2 pytest==9.2.0
mkdir bin
cat >bin/docker <<'SH'
#!/bin/sh
if test -e gone; then
    echo "Error response from daemon: No such container: $2" >&2
    exit 1
fi
shift 2 # exec NAME
exec "$@"
SH
chmod +x bin/docker
cat >look.py <<'PYTHON'
import pathlib

import testinfra

asked, new = testinfra.get_host("docker://asked"), testinfra.get_host("docker://new")
PROPERTIES = {
    "file().exists": lambda host: host.file("/bin/sh").exists,
    "file().contains()": lambda host: host.file("/etc/passwd").contains("root"),
    "file().mode": lambda host: host.file("/bin/sh").mode > 0,
    "user().exists": lambda host: host.user("root").exists,
    "group().exists": lambda host: host.group("root").exists,
    "mount_point().exists": lambda host: host.mount_point("/proc").exists,
    "package().is_installed": lambda host: host.package("dash").is_installed,
    "socket().is_listening": lambda host: host.socket("tcp://127.0.0.1:1").is_listening,
    "pip().is_installed": lambda host: host.pip("nothing").is_installed,
    "exists()": lambda host: host.exists("sh"),
}


def answer(host, look):
    try:
        return look(host)
    except Exception as error:
        return type(error).__name__


before = {name: answer(asked, look) for name, look in PROPERTIES.items()}
pathlib.Path("gone").touch()
for name, look in PROPERTIES.items():
    print(f"{name}: {before[name]}; gone: {answer(asked, look)}, not asked before: {answer(new, look)}")
PYTHON
PATH=$PWD/bin:$PATH venv/bin/python look.py | tee seen
diff - seen <<'SEEN'
file().exists: True; gone: False, not asked before: AssertionError
file().contains(): True; gone: False, not asked before: AssertionError
file().mode: True; gone: AssertionError, not asked before: AssertionError
user().exists: True; gone: False, not asked before: AssertionError
group().exists: True; gone: AssertionError, not asked before: AssertionError
mount_point().exists: True; gone: AssertionError, not asked before: AssertionError
package().is_installed: True; gone: False, not asked before: AssertionError
socket().is_listening: False; gone: False, not asked before: AssertionError
pip().is_installed: False; gone: False, not asked before: False
exists(): True; gone: False, not asked before: False
SEEN
echo "as it was seen"
