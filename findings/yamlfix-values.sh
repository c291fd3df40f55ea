#!/usr/bin/env bash
# yamlfix, a formatter, changes what a file says: a script inside a ConfigMap, and strings that lose their quotes.
#
# Version: yamlfix 1.19.1 with PyYAML 6.0.4, which reads the file before and after.
# Behaviour: words such as `on`, `yes` and `off` after a colon become true and false in every line, also in the text of a block: the
# script or the file that a ConfigMap holds. A string in a list loses its quotes, so that 'no' is read as false by a reader of
# YAML 1.1, as kubectl is; as the value of a key it keeps them. A time such as '1:30' loses them there, too, and is the number 90 to
# PyYAML.
# Seen: for each value that is another one afterwards, what it was and what it is.
# What follows: keep yamlfix off manifests, or compare what is read before and after.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check yamlfix==1.19.1 PyYAML==6.0.4
cat >before.yaml <<'YAML'
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  debug: 'no'
  retries: '08'
  commit: '1234e56'
  wait: '1:30'
  server.conf: |
    # of another program
    gzip: on
    tls: yes
    log = off
list: ['yes', 'no', 'on', '1.10']
dashes:
  - 'yes'
  - 'no'
YAML
cp before.yaml after.yaml
venv/bin/yamlfix after.yaml >said 2>&1
cat >look.py <<'PYTHON'
import yaml


def values(file):
    def of(place, value):
        if isinstance(value, (dict, list)):
            for key, inside in value.items() if isinstance(value, dict) else enumerate(value):
                yield from of((*place, str(key)), inside)
        else:
            yield "/".join(place), value

    with open(file) as stream:
        return dict(of((), yaml.safe_load(stream)))


before, after = values("before.yaml"), values("after.yaml")
assert before.keys() == after.keys()
for place, value in before.items():
    if after[place] != value:
        print(f"{place}: {value!r} -> {after[place]!r}")
PYTHON
venv/bin/python look.py | tee seen
diff - seen <<'SEEN'
data/wait: '1:30' -> 90
data/server.conf: '# of another program\ngzip: on\ntls: yes\nlog = off\n' -> '# of another program\ngzip: true\ntls: true\nlog = off\n'
list/0: 'yes' -> True
list/1: 'no' -> False
list/2: 'on' -> True
dashes/0: 'yes' -> True
dashes/1: 'no' -> False
SEEN
echo "as it was seen"
