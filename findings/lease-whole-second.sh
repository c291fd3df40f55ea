#!/usr/bin/env bash
# Python clients write a Lease whose time is a whole second in a form that the API server refuses, even if they have just read it.
#
# Versions: kubernetes 37.0.2 and lightkube 1.0.1 (lightkube-models 1.37.0.8) of Python; k8s.io/api v0.37.2, with which the API server
# reads the request; Go from the machine.
# Behaviour: `renewTime` and `acquireTime` of a Lease and `eventTime` of an Event must have six digits after the second, no more and no
# less; `creationTimestamp` and the other times may have any number. Both clients write a datetime as Python's isoformat() does: with
# six digits, or with none if the microseconds are zero. So `now().replace(microsecond=0)` fails always, and now() once in a million.
# Seen: the lines at the end.
# What follows: never round the time of a Lease to the second.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH=$folder/go GOFLAGS=-modcacherw
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check kubernetes==37.0.2 lightkube==1.0.1 lightkube-models==1.37.0.8
cat >look.go <<'GO'
package main

import (
	"encoding/json"
	"fmt"
	"os"

	v1 "k8s.io/api/coordination/v1"
)

func main() {
	var lease v1.Lease
	if err := json.NewDecoder(os.Stdin).Decode(&lease); err != nil {
		fmt.Println("refused:", err)
	} else {
		fmt.Println("taken")
	}
}
GO
go mod init finding 2>/dev/null
go get k8s.io/api/coordination/v1@v0.37.2 2>/dev/null
go build -o look .
cat >look.py <<'PYTHON'
import json
import subprocess

from kubernetes import client
from lightkube.resources.coordination_v1 import Lease

api = client.ApiClient()



def told(client_name, written):
    print(client_name, written["spec"]["renewTime"], flush=True)
    subprocess.run(["./look"], input=json.dumps(written), text=True, check=True)


for time in "2026-01-01T00:00:00.000001Z", "2026-01-01T00:00:00.000000Z":
    from_server = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "a"}, "spec": {"renewTime": time}}
    told("server", from_server)
    told("kubernetes", api.sanitize_for_serialization(api.deserialize(json.dumps(from_server), "V1Lease", "application/json")))
    told("lightkube", Lease.from_dict(from_server).to_dict())
PYTHON
venv/bin/python look.py | tee seen
diff - seen <<'SEEN'
server 2026-01-01T00:00:00.000001Z
taken
kubernetes 2026-01-01T00:00:00.000001+00:00
taken
lightkube 2026-01-01T00:00:00.000001Z
taken
server 2026-01-01T00:00:00.000000Z
taken
kubernetes 2026-01-01T00:00:00+00:00
refused: parsing time "2026-01-01T00:00:00+00:00" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "+00:00" as ".000000"
lightkube 2026-01-01T00:00:00Z
refused: parsing time "2026-01-01T00:00:00Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"
SEEN
echo "as it was seen"
