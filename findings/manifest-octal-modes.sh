#!/usr/bin/env bash
# `defaultMode: 0400` of a Secret's volume is r-------- for kubectl, and rw--w---- when the JavaScript client of Kubernetes reads the manifest or yq
# makes JSON of it.
#
# Versions: sigs.k8s.io/yaml v1.6.0, with which kubectl reads; @kubernetes/client-node 1.4.0 of npm; github.com/mikefarah/yq/v4 v4.54.3;
# PyYAML 6.0.4 and ruamel.yaml 0.19.1 of Python; Go and Node.js from the machine.
# Behaviour: JSON has no octal numbers, so the reader decides what 0400 is. kubectl and PyYAML take YAML 1.1's octal, 256. The JavaScript
# client, yq and ruamel.yaml read decimal 400, as YAML 1.2 has it, which is 0620: the group may write and the owner's alone is no more. 0644
# becomes more than 0777, which the API server refuses. 0o400 is octal for all but PyYAML, for which it is text.
# Guessed: that the JavaScript client and yq, which are made for manifests, read as kubectl does.
# Seen: for each mode as it is written, the number that each makes of it, with the octal it stands for.
# What follows: write modes in decimal (256), which is the same for everybody.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH=$folder/go GOFLAGS=-modcacherw
npm install --silent --no-fund --no-audit @kubernetes/client-node@1.4.0 >/dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check PyYAML==6.0.4 ruamel.yaml==0.19.1
cat >look.go <<'GO'
package main

import (
	"fmt"
	"io"
	"os"

	"sigs.k8s.io/yaml"
)

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	text, err = yaml.YAMLToJSON(text)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s\n", text)
}
GO
cat >look.mjs <<'JS'
import { readFileSync } from 'node:fs';
import { loadYaml } from '@kubernetes/client-node';
console.log(JSON.stringify(loadYaml(readFileSync(0, 'utf8'))));
JS
cat >look.py <<'PYTHON'
import json
import sys

import ruamel.yaml
import yaml

read = yaml.safe_load if sys.argv[1] == "PyYAML" else ruamel.yaml.YAML(typ="safe").load
print(json.dumps(read(sys.stdin)))
PYTHON
go mod init finding 2>/dev/null
go get sigs.k8s.io/yaml@v1.6.0 github.com/mikefarah/yq/v4@v4.54.3 2>/dev/null
go build -o look .
go build -trimpath -o yq github.com/mikefarah/yq/v4
manifest() {
    printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: one}\nspec: {volumes: [{name: a, secret: {secretName: a, defaultMode: %s}}]}\n' "$1"
}
value() {
    python3 -c 'import json, sys
mode = json.load(sys.stdin)["spec"]["volumes"][0]["secret"]["defaultMode"]
print(mode, f"({mode:04o})" if isinstance(mode, int) else "(text)")'
}
for mode in 0400 0440 0644 0o400 256; do
    echo "$mode: kubectl $(manifest $mode | ./look | value), client-node $(manifest $mode | node look.mjs | value)," \
        "yq $(manifest $mode | ./yq -o=json | value), PyYAML $(manifest $mode | venv/bin/python look.py PyYAML | value)," \
        "ruamel.yaml $(manifest $mode | venv/bin/python look.py ruamel | value)"
done | tee seen
diff - seen <<'SEEN'
0400: kubectl 256 (0400), client-node 400 (0620), yq 400 (0620), PyYAML 256 (0400), ruamel.yaml 400 (0620)
0440: kubectl 288 (0440), client-node 440 (0670), yq 440 (0670), PyYAML 288 (0440), ruamel.yaml 440 (0670)
0644: kubectl 420 (0644), client-node 644 (1204), yq 644 (1204), PyYAML 420 (0644), ruamel.yaml 644 (1204)
0o400: kubectl 256 (0400), client-node 256 (0400), yq 256 (0400), PyYAML 0o400 (text), ruamel.yaml 256 (0400)
256: kubectl 256 (0400), client-node 256 (0400), yq 256 (0400), PyYAML 256 (0400), ruamel.yaml 256 (0400)
SEEN
echo "as it was seen"
