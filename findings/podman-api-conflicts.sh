#!/usr/bin/env bash
# Podman's API for Docker clients answers 500 for what is a conflict to Docker, and its filters do not find what Docker's find.
#
# Versions: podman 4.3.1+ds1-8+deb12u1+b3, conmon 2.1.6+ds1-1, runc 1.1.5+ds1-1+deb12u1 of Debian bookworm (API 1.41), docker 7.2.0 of Python.
# Needs root. No container is started.
# Behaviour: a name that is taken, killing what does not run and exec in it are 500, where Docker's API has 409: a client that looks for
# "already there" takes it for a broken engine; renaming to a taken name is 409. Container names have no "/" to the filter: `^/one$`, with
# which one asks Docker for exactly this name, finds nothing. The filter `ancestor` does not find the image's short name nor its ID.
# Asking for what is dead is an error. Of an import the tag is lost, and `update` is 404.
# Guessed: 409 for all of them, that both forms of a name and of an image are found, and that the image is tiny:1.
# Seen: what each call gives, or the status of its error.
# What follows: ask for all containers and compare names yourself; after a 500 look whether the name is there.
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
import io
import json
import pathlib
import tarfile

import docker

archive = io.BytesIO()
with tarfile.open(fileobj=archive, mode="w") as layer:
    layer.addfile(tarfile.TarInfo("empty"))
client = docker.DockerClient(base_url=f"unix://{pathlib.Path.cwd()}/socket", timeout=30)
image = json.loads(client.api.import_image_from_data(archive.getvalue(), repository="tiny", tag="1"))["id"]


def attempt(words, call):
    try:
        print(f"{words}: {call()}")
    except docker.errors.APIError as error:
        print(f"{words}: {error.status_code}")


def named(**filters):
    return sorted(container.name for container in client.containers.list(all=True, filters=filters))


print("tags of an import as tiny:1:", client.images.get(image).tags)
one = client.containers.create("tiny:latest", ["/empty"], name="one")
client.containers.create("tiny:latest", ["/empty"], name="one-more")
attempt("create with a taken name", lambda: client.containers.create("tiny:latest", ["/empty"], name="one"))
attempt("rename to a taken name", lambda: one.rename("one-more"))
attempt("kill a created container", one.kill)
attempt("exec in a created container", lambda: one.exec_run(["/empty"]))
attempt("no command", lambda: client.containers.create("tiny:latest"))
attempt("update", lambda: one.update(mem_limit="64m"))
for filters in (
    {"name": "one"},
    {"name": "^one$"},
    {"name": "^/one$"},
    {"ancestor": "tiny"},
    {"ancestor": "tiny:latest"},
    {"ancestor": "docker.io/library/tiny:latest"},
    {"ancestor": image},
    {"status": "dead"},
):
    attempt(f"list {filters}".replace(image, "sha256:..."), lambda: named(**filters))
PYTHON
venv/bin/python look.py | tee seen
diff - seen <<'SEEN'
tags of an import as tiny:1: ['docker.io/library/tiny:latest']
create with a taken name: 500
rename to a taken name: 409
kill a created container: 500
exec in a created container: 500
no command: 500
update: 404
list {'name': 'one'}: ['one', 'one-more']
list {'name': '^one$'}: ['one']
list {'name': '^/one$'}: []
list {'ancestor': 'tiny'}: []
list {'ancestor': 'tiny:latest'}: []
list {'ancestor': 'docker.io/library/tiny:latest'}: ['one', 'one-more']
list {'ancestor': 'sha256:...'}: []
list {'status': 'dead'}: 500
SEEN
echo "as it was seen"
