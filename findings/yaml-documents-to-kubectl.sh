#!/usr/bin/env bash
# The decoder with which kubectl reads manifests refuses YAML that PyYAML and ruamel.yaml write, and loses a document after "...".
#
# Versions: k8s.io/apimachinery v0.37.2 (NewYAMLOrJSONDecoder), PyYAML 6.0.4, ruamel.yaml 0.19.1; Go from the machine.
# Behaviour: it cuts the text at lines that begin with `---` before any parser sees it. A `%YAML` line, which ruamel.yaml writes for
# `version = (1, 1)` (what one sets so that "yes" is quoted), is then a document without a start: refused, even if the text holds one
# document alone. What stands beside `---` may only be a comment: `--- !!map`, or the `--- {a: 2}` that PyYAML writes with
# default_flow_style=True, is refused together with the documents before it. A document after `...` without `---`, which
# YAML 1.2 allows, is not read and nothing is said; ruamel.yaml reads it.
# Seen: the lines at the end, what the decoder gave and how it ended.
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
	"os"

	"k8s.io/apimachinery/pkg/util/yaml"
)

func main() {
	decoder := yaml.NewYAMLOrJSONDecoder(os.Stdin, 4096)
	for {
		var document any
		if err := decoder.Decode(&document); err != nil {
			fmt.Println("   ", err)
			return
		}
		fmt.Println("   ", document)
	}
}
GO
go mod init finding 2>/dev/null
go get k8s.io/apimachinery/pkg/util/yaml@v0.37.2 2>/dev/null
go build -o look .
cat >look.py <<'PYTHON'
import io
import subprocess

import yaml
from ruamel.yaml import YAML


def told(what, text):
    print(f"{what}: {text!r}", flush=True)
    subprocess.run(["./look"], input=text, text=True, check=True)


def by_ruamel(documents, version):
    writer, stream = YAML(), io.StringIO()
    writer.version = version
    writer.dump_all(documents, stream)
    return stream.getvalue()


two = [{"a": 1}, {"a": 2}]
told("PyYAML", yaml.safe_dump_all(two))
told("PyYAML, default_flow_style=True", yaml.safe_dump_all(two, default_flow_style=True, explicit_start=True))
told("the second in flow style", "a: 1\n--- {a: 2}\n")
told("ruamel.yaml", by_ruamel([{"a": "yes"}], None))
told("ruamel.yaml, version 1.1", by_ruamel([{"a": "yes"}], (1, 1)))
after = "a: 1\n...\na: 2\n"
told("after ...", after)
print("    ruamel.yaml reads", [dict(document) for document in YAML().load_all(after)])
PYTHON
venv/bin/python look.py | tee seen
diff - seen <<'SEEN'
PyYAML: 'a: 1\n---\na: 2\n'
    map[a:1]
    map[a:2]
    EOF
PyYAML, default_flow_style=True: '--- {a: 1}\n--- {a: 2}\n'
    invalid Yaml document separator: {a: 1}
the second in flow style: 'a: 1\n--- {a: 2}\n'
    invalid Yaml document separator: {a: 2}
ruamel.yaml: 'a: yes\n'
    map[a:true]
    EOF
ruamel.yaml, version 1.1: "%YAML 1.1\n---\na: 'yes'\n"
    error converting YAML to JSON: yaml: line 1: did not find expected <document start>
after ...: 'a: 1\n...\na: 2\n'
    map[a:1]
    EOF
    ruamel.yaml reads [{'a': 1}, {'a': 2}]
SEEN
echo "as it was seen"
