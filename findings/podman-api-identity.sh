#!/usr/bin/env bash
# An engine's ID, by which tools tell one Docker Engine from another, is another at each question where Podman answers.
#
# Versions: podman 4.3.1+ds1-8+deb12u1+b3, conmon 2.1.6+ds1-1, runc 1.1.5+ds1-1+deb12u1 of Debian bookworm (API 1.41), docker 7.2.0 of Python.
# Needs root. No container is started.
# Behaviour: /info has a new ID each time, of one service that has not been restarted. Docker keeps its own in its data folder. Runtimes are those
# that Podman knows how to find, whether they are installed or not; one that is given by its path is not among them.
# Guessed: that the ID is kept, in the storage or at least by the process; that Runtimes are those that can be used, as Docker's are.
# Seen: whether two answers have one ID, whether all listed runtimes are there, and whether the default is listed.
# What follows: tell two engines apart by their root folder and their process, not by ID; try a runtime before counting on it.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill "$service" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
service=
apt-get -qq download podman=4.3.1+ds1-8+deb12u1+b3 conmon=2.1.6+ds1-1 runc=1.1.5+ds1-1+deb12u1 libgpgme11=1.18.0-3+deb12u1 \
    libassuan0=2.5.5-5 libsubid4=1:4.13+dfsg1-1+deb12u2 2>/dev/null
for package in ./*.deb; do
    dpkg-deb -x "$package" unpacked
done
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check docker==7.2.0
mkdir -p home/.config/containers
echo '{"default": [{"type": "insecureAcceptAnything"}]}' >home/.config/containers/policy.json
printf '[engine]\nconmon_path = ["%s/unpacked/usr/bin/conmon"]\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\nlock_type = "file"\n' \
    "$folder" >containers.conf
printf '[network]\nnetwork_config_dir = "%s/networks"\n' "$folder" >>containers.conf
HOME=$folder/home CONTAINERS_CONF=$folder/containers.conf LD_LIBRARY_PATH=$folder/unpacked/usr/lib/x86_64-linux-gnu \
    unpacked/usr/bin/podman --root "$folder/storage" --runroot "$folder/runroot" --tmpdir "$folder/tmp" --storage-driver vfs \
    --runtime "$folder/unpacked/usr/sbin/runc" system service --time 0 "unix://$folder/socket" >service.log 2>&1 &
service=$!
timeout 60 sh -c 'until [ -S socket ]; do sleep 0.2; done'
cat >look.py <<'PYTHON'
import os
import pathlib

import docker

client = docker.DockerClient(base_url=f"unix://{pathlib.Path.cwd()}/socket", timeout=30)
first, second = client.info(), client.info()
print("an ID of 36 characters, the same in two answers:", len(first["ID"]) == 36, first["ID"] == second["ID"])
print("the same otherwise:", all(first[name] == second[name] for name in ("Name", "DockerRootDir", "ServerVersion")))
print("listed:", *sorted(first["Runtimes"]))
print("all of them are there:", all(os.access(known["path"], os.X_OK) for known in first["Runtimes"].values()))
print("the default is listed:", first["DefaultRuntime"] in first["Runtimes"])
PYTHON
venv/bin/python look.py | tee seen
diff - seen <<'SEEN'
an ID of 36 characters, the same in two answers: True False
the same otherwise: True
listed: crun kata krun runc runj runsc
all of them are there: False
the default is listed: False
SEEN
echo "as it was seen"
