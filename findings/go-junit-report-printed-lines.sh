#!/usr/bin/env bash
# go-junit-report takes lines that a test printed for results of tests, also from the JSON of `go test`, which says what was only printed: a test
# that passes and prints the log of another run is an error, or a failed test is added.
#
# Version: github.com/jstemmer/go-junit-report/v2 v2.1.0; Go and jq from the machine.
# Behaviour: with `-parser gojson` the texts of the events are put together and read as the text of `go test -v` is; whose they are and how each
# test ended, which stands in the events, is not looked at. A printed "--- FAIL: TestInner" is a failed test more,
# wherever in its line it stands, so that a prefix does not help. "ok" and a package, as a container prints in which tests ran, ends a
# package: the test that printed it is an error of that one, "No test result found", and passed in its own.
# Guessed: that this is so for text, and that the JSON is read as it says.
# Seen: for each package of one test what `go test -json` says of it, then package and elements of the JUnit file.
# What follows: let a test write what another run of tests printed to a file, or make the JUnit file from each event's Test and Action.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH=$folder/go GOFLAGS=-modcacherw
go install github.com/jstemmer/go-junit-report/v2@v2.1.0 2>/dev/null
python3 - <<'PYTHON'
import json
import pathlib

printed = {
    "plain": "ready\n",
    "unended": "ready",
    "indented": "    --- FAIL: TestInner (0.01s)\n",
    "prefixed": "log: --- FAIL: TestInner (0.01s)\n",
    "failed": "--- FAIL: TestInner (0.01s)\n",
    "passed": "=== RUN   TestInner\n--- PASS: TestInner (0.01s)\n",
    "ok": "ok  \texample.org/inner\t0.01s\n",
}
pathlib.Path("go.mod").write_text("module x\n\ngo 1.21\n")
for name, text in printed.items():
    pathlib.Path(name).mkdir()
    body = f'package x\n\nimport (\n\t"fmt"\n\t"testing"\n)\n\nfunc TestPrints(t *testing.T) {{ fmt.Print({json.dumps(text)}) }}\n'
    pathlib.Path(name, "x_test.go").write_text(body)
PYTHON
cat >look.py <<'PYTHON'
import sys
from xml.etree import ElementTree

for suite in ElementTree.parse(sys.stdin).getroot():
    for case in suite:
        if case.tag == "testcase":
            ended = [f"{each.tag} {each.get('message')!r}" for each in case if each.tag in ("failure", "error")]
            print(f"    {suite.get('name')}: {case.get('name')} {' '.join(ended) or 'passed'}")
PYTHON
for name in plain unended indented prefixed failed passed ok; do
    go test -json "./$name" >events
    jq -r 'select(.Test and (.Action | IN("pass", "fail", "skip"))) | "\(.Package): \(.Test) \(.Action)"' events
    go/bin/go-junit-report -parser gojson <events | python3 look.py
done | tee seen
diff - seen <<'SEEN'
x/plain: TestPrints pass
    x/plain: TestPrints passed
x/unended: TestPrints pass
    x/unended: TestPrints passed
x/indented: TestPrints pass
    x/indented: TestPrints passed
    x/indented: TestInner failure 'Failed'
x/prefixed: TestPrints pass
    x/prefixed: TestPrints passed
    x/prefixed: TestInner failure 'Failed'
x/failed: TestPrints pass
    x/failed: TestPrints passed
    x/failed: TestInner failure 'Failed'
x/passed: TestPrints pass
    x/passed: TestPrints passed
    x/passed: TestInner passed
x/ok: TestPrints pass
    example.org/inner: TestPrints error 'No test result found'
    x/ok: TestPrints passed
SEEN
echo "as it was seen"
