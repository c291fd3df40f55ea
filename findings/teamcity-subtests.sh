#!/usr/bin/env bash
# The messages of teamcity-messages begin and end a test once more for each of its subtests: four tests are ten, and a failed one passed as well.
#
# Versions: teamcity-messages 1.33 with pytest 9.2.0, whose `subtests` fixture is built in.
# Behaviour: TeamCity counts what begins and ends. Each subtest is such a test under the name of the test that it is in, without its own values,
# before the test's own: of a test whose first subtest fails there are a failed one, one that passed and a failed one, of one that passes and skips a
# subtest an ignored one and two that passed. The number of tests that is announced at the start is that of pytest, four.
# Guessed: that each test is one, and that its subtests are in it as tests with names of their own.
# Seen: the number that is announced, then for each test how it ended each time that it began.
# What follows: take the number and the history of such tests from pytest's own reports, not from the build's page.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pytest==9.2.0 teamcity-messages==1.33
cat >test_four.py <<'PYTHON'
import pytest


def test_passes(subtests):
    for number in range(2):
        with subtests.test(number=number):
            pass


def test_fails(subtests):
    for number in range(2):
        with subtests.test(number=number):
            assert number == 1


def test_skips_one(subtests):
    for number in range(2):
        with subtests.test(number=number):
            if number == 0:
                pytest.skip("not here")


def test_plain():
    pass
PYTHON
cat >show.py <<'PYTHON'
import re
import sys

ends = {}
for kind, rest in re.findall(r"##teamcity\[(\w+) (.*)\]", sys.stdin.read()):
    if kind == "testCount":
        print("announced:", re.search(r"count='(\d+)'", rest)[1])
        continue
    name = re.search(r" name='([^']*)'", rest)[1]
    if kind == "testStarted":
        ends.setdefault(name, []).append("passed")
    elif kind in ("testFailed", "testIgnored"):
        ends[name][-1] = kind.removeprefix("test").lower()
for name, each in ends.items():
    print(f"{name}:", *each)
print("in all:", sum(map(len, ends.values())))
PYTHON
venv/bin/pytest -p no:cacheprovider --teamcity test_four.py >messages || true
venv/bin/python show.py <messages | tee seen
diff - seen <<'SEEN'
announced: 4
test_four.test_passes: passed passed passed
test_four.test_fails: failed passed failed
test_four.test_skips_one: ignored passed passed
test_four.test_plain: passed
in all: 10
SEEN
echo "as it was seen"
