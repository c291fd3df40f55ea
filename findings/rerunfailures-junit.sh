#!/usr/bin/env bash
# A test that passed when it was run again has two <testcase> elements, and with subtests the file says that it failed.
#
# Versions: pytest-rerunfailures 16.7 with pytest 9.2.0, whose `subtests` fixture is built in.
# Behaviour: pytest counts the test as passed, and its exit status is 0. In the JUnit file each run of the test is a <testcase>
# of the same name. That of a plain test is empty, as if it had passed twice, and the head counts it once. Where a subtest
# failed in the first run, that run's element holds the failure and the head counts it, in a run that was good.
# Seen: the lines at the end.
# What follows: who merges results by name must take the last one, and must not judge such a run by its JUnit file.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pytest==9.2.0 pytest-rerunfailures==16.7
cat >"$folder/test_plain.py" <<'PYTHON'
runs = []


def test_second_time_lucky():
    runs.append(1)
    assert len(runs) == 2
PYTHON
cat >"$folder/test_parts.py" <<'PYTHON'
runs = []


def test_second_time_lucky(subtests):
    runs.append(1)
    with subtests.test("part"):
        assert len(runs) == 2
PYTHON
cat >"$folder/look.py" <<'PYTHON'
import sys
from xml.etree import ElementTree

suite = ElementTree.parse(sys.argv[1]).getroot()[0]
print({name: suite.get(name) for name in ("tests", "failures")}, [[inside.tag for inside in case] for case in suite.iter("testcase")])
PYTHON
for kind in plain parts; do
    status=0
    "$folder/venv/bin/pytest" -q --reruns 1 --rootdir "$folder" -p no:cacheprovider --junit-xml "$folder/junit.xml" "$folder/test_$kind.py" >"$folder/said" ||
        status=$?
    echo "$kind: exit status $status, $(sed -n '$s/ in .*//p' "$folder/said")"
    "$folder/venv/bin/python" "$folder/look.py" "$folder/junit.xml"
done | tee "$folder/seen"
diff - "$folder/seen" <<'SEEN'
plain: exit status 0, 1 passed, 1 rerun
{'tests': '1', 'failures': '0'} [[], []]
parts: exit status 0, 1 passed, 1 subtests passed, 1 rerun
{'tests': '3', 'failures': '1'} [['failure'], []]
SEEN
echo "as it was seen"
