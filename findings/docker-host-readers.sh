#!/usr/bin/env bash
# Four clients read one DOCKER_HOST in four ways: a slash at its end, a path in it, `http://` and a missing scheme are each trouble to some.
#
# Versions: docker 7.2.0 and aiodocker 0.27.0 of Python; dockerode 5.0.1 and @docker/node-sdk 0.0.17 of npm; Node.js from the machine.
# Behaviour: with a slash at the end aiodocker asks for `//version`, which is another path. A path, as behind a proxy that serves several
# engines, is kept by both of Python and dropped by both of Node.js without a word: they talk to whatever is at the root. `http://` is
# refused by node-sdk alone; without a scheme docker-py and dockerode take it for tcp, the others refuse it. Where all but a path is
# missing node-sdk and nobody else takes it for a socket.
# Guessed: that the slash is no matter, that all keep the path, and that all take `http://` and the missing scheme.
# Seen: for each value the path of the first request that a server on the loopback address or on the socket had, or "nothing".
# What follows: write `tcp://host:port` or `unix:///path`, without a slash at the end and without a path.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check docker==7.2.0 aiodocker==0.27.0
npm install --silent --no-audit --no-fund dockerode@5.0.1 @docker/node-sdk@0.0.17
printf 'import docker\ndocker.from_env(timeout=5).version()\n' >docker-py
cat >aiodocker.txt <<'PYTHON'
import asyncio

import aiodocker


async def ask():
    async with aiodocker.Docker() as docker:
        await docker.version()


asyncio.run(ask())
PYTHON
printf 'import Docker from "dockerode";\nawait new Docker({ timeout: 5000 }).version();\n' >dockerode.mjs
printf 'import { DockerClient } from "@docker/node-sdk";\nawait (await DockerClient.fromDockerConfig()).systemVersion();\n' >node-sdk.mjs
cat >look.py <<'PYTHON'
import os
import pathlib
import socketserver
import subprocess
import threading

paths = []
BODY = b'{"ApiVersion": "1.41", "Version": "20.0"}'
COMMANDS = {
    "docker-py": ("venv/bin/python", "docker-py"),
    "aiodocker": ("venv/bin/python", "aiodocker.txt"),
    "dockerode": ("node", "dockerode.mjs"),
    "node-sdk": ("node", "node-sdk.mjs"),
}


class Engine(socketserver.StreamRequestHandler):
    def handle(self):
        paths.append(self.rfile.readline().split()[1].decode().partition("?")[0])
        while self.rfile.readline().strip():
            pass
        head = f"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Type: application/json\r\nContent-Length: {len(BODY)}\r\nConnection: close\r\n\r\n"
        self.wfile.write(head.encode() + BODY)


tcp = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Engine)
unix = socketserver.ThreadingUnixStreamServer("socket", Engine)
for server in (tcp, unix):
    threading.Thread(target=server.serve_forever, daemon=True).start()
here = {"HOST": f"127.0.0.1:{tcp.server_address[1]}", "SOCKET": str(pathlib.Path("socket").resolve())}
environment = {name: value for name, value in os.environ.items() if not name.startswith("DOCKER_") and not name.lower().endswith("_proxy")}
for form in ("tcp://HOST", "tcp://HOST/", "tcp://HOST/engine", "http://HOST", "HOST", "unix://SOCKET", "SOCKET"):
    value = form
    for word, place in here.items():
        value = value.replace(word, place)
    asked = []
    for name, command in COMMANDS.items():
        paths.clear()
        subprocess.run(command, env=environment | {"DOCKER_HOST": value}, capture_output=True, timeout=60)
        asked.append(f"{name} {paths[0] if paths else 'nothing'}")
    print(f"{form}: {', '.join(asked)}")
PYTHON
venv/bin/python look.py | tee seen
diff - seen <<'SEEN'
tcp://HOST: docker-py /version, aiodocker /version, dockerode /version, node-sdk /version
tcp://HOST/: docker-py /version, aiodocker //version, dockerode /version, node-sdk /version
tcp://HOST/engine: docker-py /engine/version, aiodocker /engine/version, dockerode /version, node-sdk /version
http://HOST: docker-py /version, aiodocker /version, dockerode /version, node-sdk nothing
HOST: docker-py /version, aiodocker nothing, dockerode /version, node-sdk nothing
unix://SOCKET: docker-py /version, aiodocker /version, dockerode /version, node-sdk /version
SOCKET: docker-py nothing, aiodocker nothing, dockerode nothing, node-sdk /version
SEEN
echo "as it was seen"
