#!/usr/bin/env bash
# With two files in KUBECONFIG, clients of Python talk to another cluster than kubectl does, or as another user.
#
# Versions: kubernetes 37.0.2, kubernetes-asyncio 36.1.0, kr8s 0.20.15, lightkube 1.0.1 of Python; beside them kubectl, which is
# kubernetes-client 1.20.5+really1.20.2-1.1+deb12u1 of Debian bookworm.
# Behaviour: for kubectl the first file wins, in everything that two files name: the current context, and a cluster or user of the same
# name. The Python client and its asyncio twin take clusters and users of the first file and the current context of the last. kr8s does
# the reverse: the current context is the first file's, a cluster or user that both name is the last one's. lightkube takes
# the whole value for the name of one file. Where no name is in both files and only one has a current context, the first three agree.
# Seen: which server each would ask with which token, without and with `shared` named as the context.
# What follows: name the context, give a name once, or let `kubectl config view --flatten --minify` write one file.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq download kubernetes-client=1.20.5+really1.20.2-1.1+deb12u1 2>/dev/null
dpkg-deb -x ./kubernetes-client_*.deb unpacked
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check kubernetes==37.0.2 kubernetes-asyncio==36.1.0 kr8s==0.20.15 \
    lightkube==1.0.1 lightkube-models==1.37.0.8
for file in first last; do
    cat >"$file" <<YAML
apiVersion: v1
kind: Config
current-context: $file
clusters:
- {name: $file, cluster: {server: "http://$file.example"}}
- {name: shared, cluster: {server: "http://shared-of-$file.example"}}
users:
- {name: admin, user: {token: token-of-$file}}
contexts:
- {name: $file, context: {cluster: $file, user: admin}}
- {name: shared, context: {cluster: shared, user: admin}}
YAML
done
cat >look.py <<'PYTHON'
import asyncio
import subprocess

import kubernetes
import kubernetes_asyncio
import lightkube
import lightkube.core.exceptions
import yaml
from kr8s._auth import KubeAuth


def kubectl(context):
    chosen = [f"--context={context}"] if context else []
    shown = yaml.safe_load(subprocess.check_output(["unpacked/usr/bin/kubectl", "config", "view", "--raw", "--minify", *chosen]))
    return shown["clusters"][0]["cluster"]["server"], shown["users"][0]["user"]["token"]


def official(context):
    configuration = kubernetes.client.Configuration()
    kubernetes.config.load_kube_config(context=context, client_configuration=configuration)
    return configuration.host, configuration.api_key["BearerToken"].removeprefix("Bearer ")


async def twin(context):
    configuration = kubernetes_asyncio.client.Configuration()
    await kubernetes_asyncio.config.load_kube_config(context=context, client_configuration=configuration)
    return configuration.host, configuration.api_key["BearerToken"].removeprefix("Bearer ")


async def kr8s(context):
    auth = await KubeAuth(context=context)
    return auth.server, auth.token


for context in None, "shared":
    print("context:", context or "the current one")
    print("    kubectl", *kubectl(context))
    print("    kubernetes", *official(context))
    print("    kubernetes-asyncio", *asyncio.run(twin(context)))
    print("    kr8s", *asyncio.run(kr8s(context)))
try:
    lightkube.KubeConfig.from_env()
except lightkube.core.exceptions.ConfigError as error:
    print("lightkube:", str(error).replace("Configuration file", "").strip())
PYTHON
KUBECONFIG=first:last venv/bin/python -W ignore look.py | tee seen
diff - seen <<'SEEN'
context: the current one
    kubectl http://first.example token-of-first
    kubernetes http://last.example token-of-first
    kubernetes-asyncio http://last.example token-of-first
    kr8s http://first.example token-of-last
context: shared
    kubectl http://shared-of-first.example token-of-first
    kubernetes http://shared-of-first.example token-of-first
    kubernetes-asyncio http://shared-of-first.example token-of-first
    kr8s http://shared-of-last.example token-of-last
lightkube: first:last not found
SEEN
echo "as it was seen"
