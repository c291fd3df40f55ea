#!/usr/bin/env bash
# The Python client of Podman, made like that of Docker, takes the same arguments and sends something else, or nothing.
#
# Versions: podman 5.8.0 of Python, docker 7.2.0 of Python beside it.
# Behaviour: a `command` of several words is split by docker-py; podman-py sends it as one word, the name of a program that is not there.
# `nano_cpus`, documented as a limit of CPU time, is taken and dropped without a word. So are the options of a log driver if they
# are in the form that docker-py has, and the driver is kept: a log without its limit. A variable without a value is left out, where
# docker-py asks the daemon to take the image's variable away. Sizes such as "1.5g" and "1gb" are refused; a list of labels, a number as
# user and a health check in one string go out as they are.
# Guessed: that the payloads differ in their names alone.
# Seen: for each argument what both send to a server on the loopback address.
# What follows: give `command` as a list and limits as `cpu_period` and `cpu_quota`, and inspect what was created.
set -euo pipefail
export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check podman==5.8.0 docker==7.2.0
cat >look.py <<'PYTHON'
import http.server
import json
import threading

import docker
import podman

sent = []


class Daemon(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status):
        if self.path.endswith("/containers/create"):
            sent.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        body = b'{"Id": "1", "Name": "one", "Image": "i", "Config": {"Image": "i"}}'
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.answer(201)

    def do_GET(self):
        self.answer(200)

    def log_message(self, *_):
        pass


def leaves(value, path=()):
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif value not in (None, {}, [], [None]):
        yield ".".join(path), value


def payload(client, **arguments):
    sent.clear()
    try:
        client.containers.create("image", **arguments)
    except TypeError as error:
        return {"refused": type(error).__name__}
    return dict(leaves(sent[0]))


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Daemon)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"tcp://127.0.0.1:{server.server_port}"
clients = docker.DockerClient(base_url=address, version="1.41"), podman.PodmanClient(base_url=address)
for arguments in (
    {"command": "sleep 60"},
    {"command": ["sleep", "60"]},
    {"nano_cpus": 1500000000},
    {"cpu_quota": 150000},
    {"log_config": {"Type": "json-file", "Config": {"max-size": "1m"}}},
    {"environment": {"A": None, "B": "1"}},
    {"mem_limit": "2g"},
    {"mem_limit": "2gb"},
    {"mem_limit": "1.5g"},
    {"labels": ["a"]},
    {"user": 1000},
    {"healthcheck": {"test": "true"}},
):
    print(arguments)
    for client in clients:
        plain = payload(client)
        print("   ", {key: value for key, value in payload(client, **arguments).items() if plain.get(key) != value})
PYTHON
venv/bin/python look.py | tee seen
diff - seen <<'SEEN'
{'command': 'sleep 60'}
    {'Cmd': ['sleep', '60']}
    {'command': ['sleep 60']}
{'command': ['sleep', '60']}
    {'Cmd': ['sleep', '60']}
    {'command': ['sleep', '60']}
{'nano_cpus': 1500000000}
    {'HostConfig.NanoCpus': 1500000000}
    {}
{'cpu_quota': 150000}
    {'HostConfig.CpuQuota': 150000}
    {'resource_limits.cpu.quota': 150000}
{'log_config': {'Type': 'json-file', 'Config': {'max-size': '1m'}}}
    {'HostConfig.LogConfig.Type': 'json-file', 'HostConfig.LogConfig.Config.max-size': '1m'}
    {'log_configuration.driver': 'json-file'}
{'environment': {'A': None, 'B': '1'}}
    {'Env': ['A', 'B=1']}
    {'env.B': '1'}
{'mem_limit': '2g'}
    {'HostConfig.Memory': 2147483648}
    {'resource_limits.memory.limit': 2147483648}
{'mem_limit': '2gb'}
    {'HostConfig.Memory': 2147483648}
    {'refused': 'TypeError'}
{'mem_limit': '1.5g'}
    {'HostConfig.Memory': 1610612736}
    {'refused': 'TypeError'}
{'labels': ['a']}
    {'Labels.a': ''}
    {'labels': ['a']}
{'user': 1000}
    {'User': '1000'}
    {'user': 1000}
{'healthcheck': {'test': 'true'}}
    {'Healthcheck.Test': ['CMD-SHELL', 'true']}
    {'healthconfig.test': 'true'}
SEEN
echo "as it was seen"
