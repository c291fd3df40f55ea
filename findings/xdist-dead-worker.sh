#!/usr/bin/env bash
# A test whose pytest-xdist worker dies failed for pytest, is an error of its setup in the JUnit file, and is not there for Allure.
#
# Versions: pytest-xdist 3.8.0 and allure-pytest 2.16.2 with pytest 9.2.0.
# Behaviour: a worker that is killed, as the kernel does where a pod has too little memory, is replaced, and its test is reported as
# failed by the controller. JUnit counts no failure but an error, "failed on setup". Allure writes results in the workers: the dead
# one has left none for this test, the controller adds none, and the report is green with one test less.
# Seen: the lines at the end.
# What follows: judge the run by pytest's exit status, and compare the number of Allure's results with the number of tests.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pytest==9.2.0 pytest-xdist==3.8.0 allure-pytest==2.16.2
cat >"$folder/test_worker.py" <<'PYTHON'
import os
import signal


def test_before():
    pass


def test_is_killed():
    os.kill(os.getpid(), signal.SIGKILL)


def test_after():
    pass
PYTHON
cat >"$folder/look.py" <<'PYTHON'
import json
import pathlib
import sys
from xml.etree import ElementTree

suite = ElementTree.parse(sys.argv[1]).getroot()[0]
print("junit:", {name: suite.get(name) for name in ("tests", "failures", "errors")})
for case in suite.iter("testcase"):
    print("junit:", case.get("name"), *(inside.tag + ", " + inside.get("message").split(" with ")[0] for inside in case))
results = sorted((json.loads(file.read_text()) for file in pathlib.Path(sys.argv[2]).glob("*-result.json")), key=lambda r: r["name"])
for result in results:
    print("allure:", result["name"], result["status"])
PYTHON
status=0
"$folder/venv/bin/pytest" -q --tb=no -n 1 --rootdir "$folder" -p no:cacheprovider --junit-xml "$folder/junit.xml" --alluredir "$folder/allure" \
    "$folder/test_worker.py" >"$folder/said" || status=$?
{
    echo "pytest: exit status $status, $(sed -n '$s/ in .*//p' "$folder/said")"
    "$folder/venv/bin/python" "$folder/look.py" "$folder/junit.xml" "$folder/allure"
} | tee "$folder/seen"
diff - "$folder/seen" <<'SEEN'
pytest: exit status 1, 1 failed, 2 passed
junit: {'tests': '3', 'failures': '0', 'errors': '1'}
junit: test_before
junit: test_is_killed error, failed on setup
junit: test_after
allure: test_after passed
allure: test_before passed
SEEN
echo "as it was seen"
