#!/usr/bin/env bash
# The library with which the API server of Kubernetes applies a JSON patch takes patches that RFC 6902 and Python's library refuse, and
# refuses one that both take.
#
# Versions: gopkg.in/evanphx/json-patch.v4 v4.13.0, which k8s.io/apiserver v0.37.2 requires; jsonpatch 1.48 of Python; Go from the machine.
# Behaviour: `replace` of a key that an object lacks adds it; a misspelled label or annotation is so written beside the right one, without
# an error. `test` against null holds for a key that is missing. Index -1 is the last item of a list, or the place behind it. Numbers
# are compared as they are written: 1 and 1.0 differ.
# Seen: for each patch what the library makes of the object, then what Python's does.
# What follows: do not rely on a replacement to fail, put a `test` before it; do not take what jsonpatch does for what the server will do.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH=$folder/go GOFLAGS=-modcacherw
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check jsonpatch==1.48
cat >look.go <<'GO'
package main

import (
	"fmt"
	"os"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
)

func main() {
	patch, err := jsonpatch.DecodePatch([]byte(os.Args[2]))
	if err != nil {
		panic(err)
	}
	if made, err := patch.Apply([]byte(os.Args[1])); err != nil {
		fmt.Println("    refused")
	} else {
		fmt.Println("   ", string(made))
	}
}
GO
go mod init finding 2>/dev/null
go get gopkg.in/evanphx/json-patch.v4@v4.13.0 2>/dev/null
go build -o look .
cat >look.py <<'PYTHON'
import json
import subprocess

import jsonpatch

OBJECT = '{"labels":{"app":"a"},"list":[1,2],"replicas":1}'
for operation in (
    '{"op":"replace","path":"/labels/app","value":"b"}',
    '{"op":"replace","path":"/labels/ap","value":"b"}',
    '{"op":"remove","path":"/labels/ap"}',
    '{"op":"test","path":"/labels/ap","value":null}',
    '{"op":"test","path":"/replicas","value":1.0}',
    '{"op":"remove","path":"/list/-1"}',
    '{"op":"add","path":"/list/-1","value":3}',
    '{"op":"add","path":"/list/3","value":3}',
):
    print(operation, flush=True)
    subprocess.run(["./look", OBJECT, f"[{operation}]"], check=True)
    try:
        made = json.dumps(jsonpatch.apply_patch(json.loads(OBJECT), f"[{operation}]"), separators=(",", ":"))
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException):
        made = "refused"
    print("   ", made)
PYTHON
venv/bin/python look.py | tee seen
diff - seen <<'SEEN'
{"op":"replace","path":"/labels/app","value":"b"}
    {"labels":{"app":"b"},"list":[1,2],"replicas":1}
    {"labels":{"app":"b"},"list":[1,2],"replicas":1}
{"op":"replace","path":"/labels/ap","value":"b"}
    {"labels":{"ap":"b","app":"a"},"list":[1,2],"replicas":1}
    refused
{"op":"remove","path":"/labels/ap"}
    refused
    refused
{"op":"test","path":"/labels/ap","value":null}
    {"labels":{"app":"a"},"list":[1,2],"replicas":1}
    refused
{"op":"test","path":"/replicas","value":1.0}
    refused
    {"labels":{"app":"a"},"list":[1,2],"replicas":1}
{"op":"remove","path":"/list/-1"}
    {"labels":{"app":"a"},"list":[1],"replicas":1}
    refused
{"op":"add","path":"/list/-1","value":3}
    {"labels":{"app":"a"},"list":[1,2,3],"replicas":1}
    refused
{"op":"add","path":"/list/3","value":3}
    refused
    refused
SEEN
echo "as it was seen"
