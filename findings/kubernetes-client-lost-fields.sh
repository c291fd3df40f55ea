#!/usr/bin/env bash
# The Python client of Kubernetes has two names for a field whose JSON name Python keeps for itself, and loses the value
# that is given under one of them.
#
# Version: kubernetes 37.0.2 (its models are pydantic's).
# Behaviour: `exec`, `from`, `continue`, `except` and the like are attributes `var_exec`, `var_from`, ...; `_exec`, `_from`
# are aliases as in older clients. Reading and assigning works with both. As an argument of the constructor only the old
# one does: `V1Probe(var_exec=...)` is taken without an error, although every other unknown argument is refused, and the
# probe that is sent has no action. `model_dump()` writes the name that the constructor drops, so the copy
# `V1Probe(**probe.model_dump())` is an empty probe, too; `to_dict()` writes the other one, and its copy is whole.
# Seen: the five lines at the end.
# What follows: write `_exec=` and `_from=` when constructing, and copy with `to_dict()` or `model_copy()`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check kubernetes==37.0.2
cat >"$folder/look.py" <<'PYTHON'
from kubernetes import client

sent = client.ApiClient().sanitize_for_serialization
action = client.V1ExecAction(command=["true"])
print("_exec:", sent(client.V1Probe(_exec=action)))
print("var_exec:", sent(client.V1Probe(var_exec=action)))
try:
    client.V1Probe(vra_exec=action)
except ValueError as refused:
    print("vra_exec: refused,", type(refused).__name__)
probe = client.V1Probe()
probe.var_exec = action
print("assigned:", sent(probe))
print("model_dump and back:", sent(client.V1Probe(**probe.model_dump())))
print("to_dict and back:", sent(client.V1Probe(**probe.to_dict())))
PYTHON
"$folder/venv/bin/python" "$folder/look.py" | tee "$folder/seen"
diff - "$folder/seen" <<'SEEN'
_exec: {'exec': {'command': ['true']}}
var_exec: {}
vra_exec: refused, ValidationError
assigned: {'exec': {'command': ['true']}}
model_dump and back: {}
to_dict and back: {'exec': {'command': ['true']}}
SEEN
echo "as it was seen"
