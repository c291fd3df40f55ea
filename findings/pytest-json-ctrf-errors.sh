#!/usr/bin/env bash
# The CTRF report of pytest-json-ctrf has no failure for a file that cannot be imported, nor for the teardown of a test that was skipped.
#
# Version: pytest-json-ctrf 0.6.1 with pytest 9.2.0, whose `subtests` fixture is built in.
# Behaviour: what fails before there are tests is not in the report: with one file that cannot be imported it has zero tests and zero failed,
# and with --continue-on-collection-errors the other files' tests alone, all passed. A file that skips itself is not there either. A test that
# is skipped stays so where its teardown fails, with the reason of the skip. A test that passes is "skipped" if one of its subtests was. Errors of
# other setups and teardowns are failed tests. pytest's exit status and the head of its JUnit file have them all.
# Guessed: that each of them is a failed test or an "other", and that the test with the skipped subtest passed.
# Seen: for each run pytest's exit status, the head of the JUnit file, CTRF's summary and its tests.
# What follows: judge the run by pytest's exit status; where the report alone travels, compare its number of tests.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pytest==9.2.0 pytest-json-ctrf==0.6.1
echo "import not_there" >test_import.py
printf 'import pytest\n\npytest.skip("not here", allow_module_level=True)\n' >test_file_skipped.py
cat >test_ends.py <<'PYTHON'
import pytest


@pytest.fixture
def ends_badly():
    yield
    raise RuntimeError


def test_skipped(ends_badly):
    pytest.skip("not now")


def test_passed(ends_badly):
    pass


def test_subtests(subtests):
    with subtests.test():
        pytest.skip("not this one")
    with subtests.test():
        pass
PYTHON
cat >look.py <<'PYTHON'
import json
import xml.etree.ElementTree as tree

head = tree.parse("junit.xml").getroot().find("testsuite").attrib
print("  JUnit:", ", ".join(f"{name} {head[name]}" for name in ("tests", "failures", "errors", "skipped")))
results = json.load(open("ctrf.json"))["results"]
print("  CTRF:", ", ".join(f"{name} {results['summary'][name]}" for name in ("tests", "passed", "failed", "skipped", "other")))
for test in results["tests"]:
    print(f"    {test['name']}: {test['status']}")
PYTHON
look() { # pytest's arguments
    status=0
    venv/bin/pytest -q -p no:cacheprovider --junit-xml junit.xml --ctrf ctrf.json "$@" >log || status=$?
    echo "$*: $status"
    venv/bin/python look.py
}
{
    look test_import.py
    look test_import.py test_ends.py --continue-on-collection-errors -k test_subtests
    look test_file_skipped.py
    look test_ends.py
} | tee seen
diff - seen <<'SEEN'
test_import.py: 2
  JUnit: tests 1, failures 0, errors 1, skipped 0
  CTRF: tests 0, passed 0, failed 0, skipped 0, other 0
test_import.py test_ends.py --continue-on-collection-errors -k test_subtests: 1
  JUnit: tests 4, failures 0, errors 1, skipped 1
  CTRF: tests 1, passed 0, failed 0, skipped 1, other 0
    test_ends.py::test_subtests: skipped
test_file_skipped.py: 5
  JUnit: tests 1, failures 0, errors 0, skipped 1
  CTRF: tests 0, passed 0, failed 0, skipped 0, other 0
test_ends.py: 1
  JUnit: tests 5, failures 0, errors 2, skipped 2
  CTRF: tests 3, passed 0, failed 1, skipped 2, other 0
    test_ends.py::test_skipped: skipped
    test_ends.py::test_passed: failed
    test_ends.py::test_subtests: skipped
SEEN
echo "as it was seen"
