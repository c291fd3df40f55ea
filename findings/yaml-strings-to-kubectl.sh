#!/usr/bin/env bash
# Strings that PyYAML and ruamel.yaml write without quotes are numbers and booleans to kubectl and everything else on sigs.k8s.io/yaml.
#
# Versions: PyYAML 6.0.4, ruamel.yaml 0.19.1 (its default and YAML(typ="safe")), sigs.k8s.io/yaml v1.6.0; Go from the machine.
# Behaviour: each library quotes what it would itself misread, and no two agree. PyYAML does not take `1e3`, `08`, `0o17` or `y` for
# more than text and writes them bare: a short commit hash such as 1234e56, the month 08 or the answer y arrive as a float, an
# integer, a boolean. ruamel.yaml writes YAML 1.2, where `yes` and `on` are text; those become booleans. Sexagesimal numbers and
# dates are no danger: for sigs.k8s.io/yaml they are text.
# Seen: for each string, what is read after writing it with each of the two; `-` where the string survives.
# What follows: write JSON, which is YAML, for what a program of Kubernetes reads; or quote all (`default_style='"'`).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH=$folder/go GOFLAGS=-modcacherw
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
	json, err := yaml.YAMLToJSON(text)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(json))
}
GO
go mod init finding 2>/dev/null
go get sigs.k8s.io/yaml@v1.6.0 2>/dev/null
go build -o look .
cat >look.py <<'PYTHON'
import io
import json
import subprocess

import yaml
from ruamel.yaml import YAML

STRINGS = "1234e56 1e3 08 0o17 0644 0x1F 0X1F +.5 y N yes on true null 1:30 2026-01-01".split()


def by_ruamel(kind, document):
    stream = io.StringIO()
    YAML(typ=kind, pure=True).dump(document, stream)
    return stream.getvalue()


def read(text):
    return json.loads(subprocess.run(["./look"], input=text, text=True, check=True, stdout=subprocess.PIPE).stdout)


document = {f"key-{number}": string for number, string in enumerate(STRINGS)}
written = [yaml.safe_dump(document), by_ruamel("rt", document), by_ruamel("safe", document)]
for key, string in document.items():
    print(string, *("-" if value == string else json.dumps(value) for value in (read(text)[key] for text in written)))
PYTHON
venv/bin/python look.py | tee seen
diff - seen <<'SEEN'
1234e56 1.234e+59 - -
1e3 1000 - -
08 8 - -
0o17 15 - -
0644 - - -
0x1F - - -
0X1F 31 31 31
+.5 0.5 - -
y true true true
N false false false
yes - true true
on - true true
true - - -
null - - -
1:30 - - -
2026-01-01 - - -
SEEN
echo "as it was seen"
