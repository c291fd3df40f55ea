#!/usr/bin/env bash
# podman-compose drops settings of a service that Docker Compose obeys, without a word, and gives others another value.
#
# Version: podman-compose 1.6.0 of Python; a program of two lines stands for Podman, which is asked for its version and its containers.
# Behaviour: `cpu_quota`, `memswap_limit`, `oom_score_adj`, `cgroup_parent`, `ipc` and the number of replicas and the restarts under `deploy`
# are not passed on to Podman, which has options for them; nor is `gpus`. Of `extra_hosts` as a mapping the addresses are lost,
# as a list they stay. true is "True". `user: 1:1` without quotes is user 61, as YAML 1.1 reads sixties. A health
# check's `start_interval` becomes the interval of Podman's startup check, which is another check.
# Guessed: that each is passed on, or refused where Podman has no such option.
# Seen: for each setting what it adds to the arguments of `podman create`, and whether anything was said.
# What follows: look at `podman-compose --verbose --dry-run up`, or use Docker Compose with Podman's socket.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check podman-compose==1.6.0
cat >podman <<'SH'
#!/bin/sh
if [ "$1" = --version ]; then echo "podman version 5.4.2"; elif [ "$1" = ps ]; then echo "[]"; fi
SH
chmod +x podman
cat >look.py <<'PYTHON'
import pathlib
import re
import subprocess


def arguments(setting):
    pathlib.Path("compose.yaml").write_text(f"name: finding\nservices:\n  one:\n    image: i\n    {setting}\n")
    command = ["venv/bin/podman-compose", "--podman-path", "./podman", "--verbose", "--dry-run", "up", "-d"]
    said = subprocess.run(command, check=True, text=True, capture_output=True)
    lines = (said.stdout + said.stderr).splitlines()
    created = [line.split(" create ", 1)[1] for line in lines if " create --name=finding_one" in line]
    options = [option for line in created for option in re.split(r" (?=-)| (?=i$)", line) if "config-hash" not in option]
    return options, [line for line in lines if re.match("(?i)warn|error", line)]


plain, _ = arguments("labels: []")
for setting in (
    "cpus: 0.5",
    "cpu_quota: 50000",
    "mem_limit: 1g",
    "memswap_limit: 2g",
    "oom_score_adj: 100",
    "cgroup_parent: /limited",
    "pid: host",
    "ipc: host",
    "gpus: all",
    "deploy: {resources: {limits: {cpus: '0.5'}}}",
    "deploy: {replicas: 2}",
    "deploy: {restart_policy: {condition: on-failure}}",
    "restart: on-failure",
    "extra_hosts: {db: 192.0.2.1}",
    "extra_hosts: ['db:192.0.2.1']",
    "environment: {DEBUG: true}",
    "user: 1:1",
    "user: '1:1'",
    "healthcheck: {test: [CMD, check], start_interval: 2s}",
):
    options, words = arguments(setting)
    for option in plain:
        options.remove(option)
    print(f"{setting} -> {' '.join(options) or 'nothing'}", *words)
PYTHON
venv/bin/python look.py | tee seen
diff - seen <<'SEEN'
cpus: 0.5 -> --cpus 0.5
cpu_quota: 50000 -> nothing
mem_limit: 1g -> -m 1g
memswap_limit: 2g -> nothing
oom_score_adj: 100 -> nothing
cgroup_parent: /limited -> nothing
pid: host -> --pid host
ipc: host -> nothing
gpus: all -> nothing
deploy: {resources: {limits: {cpus: '0.5'}}} -> --cpus 0.5
deploy: {replicas: 2} -> nothing
deploy: {restart_policy: {condition: on-failure}} -> nothing
restart: on-failure -> --restart on-failure
extra_hosts: {db: 192.0.2.1} -> --add-host db
extra_hosts: ['db:192.0.2.1'] -> --add-host db:192.0.2.1
environment: {DEBUG: true} -> -e DEBUG=True
user: 1:1 -> -u 61
user: '1:1' -> -u 1:1
healthcheck: {test: [CMD, check], start_interval: 2s} -> --health-cmd ["check"] --health-startup-interval 2s
SEEN
echo "as it was seen"
