#!/usr/bin/env bash
# One config.json of Docker, three readers of Python: Testcontainers' refuses all of it for a password with a colon or a registry without credentials, and
# oras finds no registry that is written with `https://`.
#
# Versions: testcontainers 4.15.0, which reads such text from DOCKER_AUTH_CONFIG, oras 0.2.43 and docker 7.2.0 of Python.
# Behaviour: an entry of a registry that is empty, as `docker login` writes it where a helper keeps the password, makes "None" of what is to be decoded in
# Testcontainers, and what stands for other registries is not read either. A password is cut at colons, of which there may be one alone. oras
# looks for the registry's name as it stands, and goes on without credentials; docker finds it with a scheme or a path. Of an identity token
# docker alone knows; it does not take `username` and `password` without `auth`, which oras passes over and Testcontainers fails at.
# Guessed: that all three find what is there for the registry, but for identity tokens, and that an empty entry is passed over.
# Seen: for each text what docker and oras find for registry.example.com, and what Testcontainers reads.
# What follows: for these, write the name of the registry alone with `auth`, without entries that are empty.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check docker==7.2.0 oras==0.2.43 testcontainers==4.15.0
cat >by-python.py <<'PYTHON'
import base64
import sys

import docker.auth
import oras.auth.basic
import oras.container
from testcontainers.core.auth import parse_docker_auth_config

for path in sys.argv[2:]:
    config = docker.auth.load_config(path)
    entry = docker.auth.resolve_authconfig(config, sys.argv[1]) or {}
    by_docker = f"{entry.get('username', '')}:{entry.get('password', '')}{entry.get('IdentityToken', '')}"
    basic = oras.auth.basic.BasicAuth()
    basic.load_configs(oras.container.Container(f"{sys.argv[1]}/team/app"), [path])
    by_oras = base64.b64decode(getattr(basic, "_basic_auth", None) or b"Og==").decode()
    with open(path) as file:
        try:
            by_testcontainers = ", ".join(f"{one.username}:{one.password}" for one in parse_docker_auth_config(file.read()))
        except ValueError as error:
            by_testcontainers = repr(error.__cause__ or error)
    print(f"docker '{by_docker}', oras '{by_oras}', testcontainers {by_testcontainers}")
PYTHON
cat >cases <<'CASES'
{"registry.example.com": {"auth": "bWU6c2VjcmV0"}}
{"https://registry.example.com": {"auth": "bWU6c2VjcmV0"}}
{"https://registry.example.com/v2/": {"auth": "bWU6c2VjcmV0"}}
{"registry.example.com/team": {"auth": "bWU6c2VjcmV0"}}
{"registry.example.com": {"auth": "bWU6c2VjOnJldA=="}}
{"registry.example.com": {"username": "me", "password": "secret"}}
{"registry.example.com": {"auth": "bWU6c2VjcmV0", "identitytoken": "token"}}
{"registry.example.com": {"auth": "bWU6c2VjcmV0"}, "other.example.com": {}}
CASES
mkdir configs
while read -r auths; do
    number=$((${number:-0} + 1))
    echo "{\"auths\": $auths}" >"configs/$number.json"
done <cases
export DOCKER_CONFIG=$folder HOME=$folder
paste -d '\n' cases <(venv/bin/python by-python.py registry.example.com configs/*.json 2>/dev/null) | sed '/^{/!s/^/    /' | tee seen
diff - seen <<'SEEN'
{"registry.example.com": {"auth": "bWU6c2VjcmV0"}}
    docker 'me:secret', oras 'me:secret', testcontainers me:secret
{"https://registry.example.com": {"auth": "bWU6c2VjcmV0"}}
    docker 'me:secret', oras ':', testcontainers me:secret
{"https://registry.example.com/v2/": {"auth": "bWU6c2VjcmV0"}}
    docker 'me:secret', oras ':', testcontainers me:secret
{"registry.example.com/team": {"auth": "bWU6c2VjcmV0"}}
    docker 'me:secret', oras ':', testcontainers me:secret
{"registry.example.com": {"auth": "bWU6c2VjOnJldA=="}}
    docker 'me:sec:ret', oras 'me:sec:ret', testcontainers ValueError('too many values to unpack (expected 2)')
{"registry.example.com": {"username": "me", "password": "secret"}}
    docker ':', oras ':', testcontainers UnicodeDecodeError('utf-8', b'6\x89\xde', 1, 2, 'invalid start byte')
{"registry.example.com": {"auth": "bWU6c2VjcmV0", "identitytoken": "token"}}
    docker ':token', oras 'me:secret', testcontainers me:secret
{"registry.example.com": {"auth": "bWU6c2VjcmV0"}, "other.example.com": {}}
    docker 'me:secret', oras 'me:secret', testcontainers UnicodeDecodeError('utf-8', b'6\x89\xde', 1, 2, 'invalid start byte')
SEEN
echo "as it was seen"
