#!/usr/bin/env bash
# std.parseYaml of Jsonnet's own implementation, written in C++, does not follow an alias of YAML: what `*labels` stands for becomes the text
# "*labels", without an error. That of go-jsonnet follows it.
#
# Versions: jsonnet 0.22.0 and gojsonnet 0.22.0 of Python, which hold the two implementations of the language.
# Behaviour: to the first a merge key is a field named `<<` with a text; `&` is dropped. `~`, `Null` and `True` are text, `!!str 5` is the number 5, and
# `!!binary` is text that nobody decodes; `0400`, `yes` and `1_000` are text. go-jsonnet reads with sigs.k8s.io/yaml, as kubectl does, and refuses a
# `%YAML` line, which the first takes. Both give a list for one document behind `---`, and an object for the same document without it.
# Guessed: that both read the same, but for octal numbers and `yes`; that an alias is followed or an error.
# Seen: for each text what both make of it as JSON, that in C++ first.
# What follows: render with go-jsonnet where manifests, or values of a chart, are read with std.parseYaml; do not use `jsonnet` of PyPI or of a
# distribution for them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check jsonnet==0.22.0 gojsonnet==0.22.0
cat >look.py <<'PYTHON'
import json

import _gojsonnet
import _jsonnet

TEXTS = (
    "a: &labels {app: web}\nb: *labels",
    "a: &labels {app: web}\nb: {<<: *labels, tier: front}",
    "- &image nginx:1.27\n- *image",
    "a: ~",
    "a: True",
    "a: !!str 5",
    "a: !!binary aGk=",
    "a: 0400",
    "a: yes",
    "%YAML 1.2\n---\na: 1",
    "a: 1",
    "---\na: 1",
)
for text in TEXTS:
    print(text)
    for name, library in (("jsonnet", _jsonnet), ("gojsonnet", _gojsonnet)):
        try:
            read = json.dumps(json.loads(library.evaluate_snippet("look", "std.parseYaml(std.extVar('text'))", ext_vars={"text": text})))
        except RuntimeError as error:
            read = str(error).partition("\n")[0]
        print(f"    {name} {read}")
PYTHON
venv/bin/python look.py | tee seen
diff - seen <<'SEEN'
a: &labels {app: web}
b: *labels
    jsonnet {"a": {"app": "web"}, "b": "*labels"}
    gojsonnet {"a": {"app": "web"}, "b": {"app": "web"}}
a: &labels {app: web}
b: {<<: *labels, tier: front}
    jsonnet {"a": {"app": "web"}, "b": {"<<": "*labels", "tier": "front"}}
    gojsonnet {"a": {"app": "web"}, "b": {"app": "web", "tier": "front"}}
- &image nginx:1.27
- *image
    jsonnet ["nginx:1.27", "*image"]
    gojsonnet ["nginx:1.27", "nginx:1.27"]
a: ~
    jsonnet {"a": "~"}
    gojsonnet {"a": null}
a: True
    jsonnet {"a": "True"}
    gojsonnet {"a": true}
a: !!str 5
    jsonnet {"a": 5}
    gojsonnet {"a": "5"}
a: !!binary aGk=
    jsonnet {"a": "aGk="}
    gojsonnet {"a": "hi"}
a: 0400
    jsonnet {"a": "0400"}
    gojsonnet {"a": 256}
a: yes
    jsonnet {"a": "yes"}
    gojsonnet {"a": true}
%YAML 1.2
---
a: 1
    jsonnet [{"a": 1}]
    gojsonnet RUNTIME ERROR: failed to parse YAML: error converting YAML to JSON: yaml: found incompatible YAML document
a: 1
    jsonnet {"a": 1}
    gojsonnet {"a": 1}
---
a: 1
    jsonnet [{"a": 1}]
    gojsonnet [{"a": 1}]
SEEN
echo "as it was seen"
