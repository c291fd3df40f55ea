#!/usr/bin/env bash
# The report of pytest-html counts a test with a failed subtest as failed and as passed; in that of pytest-csv the test itself passed.
#
# Versions: pytest-html 4.2.0 and pytest-csv 3.0.0 with pytest 9.2.0, whose `subtests` fixture is built in.
# Behaviour: pytest-html has one row for each outcome that a test's reports had, so that a failed test has a row "Passed" beside the other if one
# of its subtests passed, and none if all failed. Of six tests it counts five failed and five passed. pytest-csv writes a row for each subtest
# under the test's name, and last the test's own: "passed" for every test that failed by its subtests alone.
# Guessed: one row for a test, "Failed" as soon as a subtest failed, and rows for the subtests under names of their own, if any.
# Seen: pytest's last line, the rows of both reports, and what pytest-html counts.
# What follows: judge such a run by pytest's exit status; look for a name's failed row before its passed one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pytest==9.2.0 pytest-html==4.2.0 pytest-csv==3.0.0
cat >test_parts.py <<'PYTHON'
import pytest


@pytest.mark.parametrize("bad", [(), (1,), (3,), (1, 2), (1, 3), (1, 2, 3)], ids=str)
def test_of_three(subtests, bad):
    for number in (1, 2, 3):
        with subtests.test(number=number):
            assert number not in bad
PYTHON
cat >look.py <<'PYTHON'
import collections
import csv
import html
import json
import re

page = open("report.html").read()
blob = json.loads(html.unescape(re.search('data-jsonblob="([^"]*)"', page)[1]))
rows = collections.defaultdict(list)
for tests in blob["tests"].values():
    for test in tests:
        rows[test["testId"]].append(test["result"])
sheet = collections.defaultdict(list)
for row in csv.DictReader(open("report.csv")):
    sheet[row["id"]].append(row["status"])
for name in sheet:
    print(f"{name}\n    html: {' '.join(rows[name])}\n    csv: {' '.join(sheet[name])}")
print("html counts", ", ".join(re.findall(r"\d+ (?:Failed|Passed)(?=,)", page)))
PYTHON
{
    venv/bin/pytest -q --tb=no -p no:cacheprovider --html report.html --csv report.csv test_parts.py 2>/dev/null | sed -En "s/ in [0-9.]+s$//p" || true
    venv/bin/python look.py
} | tee seen
diff - seen <<'SEEN'
14 failed, 1 passed, 9 subtests passed
test_parts.py::test_of_three[()]
    html: Passed
    csv: passed passed passed passed
test_parts.py::test_of_three[(1,)]
    html: Failed Passed
    csv: failed passed passed passed
test_parts.py::test_of_three[(3,)]
    html: Passed Failed
    csv: passed passed failed passed
test_parts.py::test_of_three[(1, 2)]
    html: Failed Passed
    csv: failed failed passed passed
test_parts.py::test_of_three[(1, 3)]
    html: Failed Passed
    csv: failed passed failed passed
test_parts.py::test_of_three[(1, 2, 3)]
    html: Failed
    csv: failed failed failed passed
html counts 5 Failed, 5 Passed
SEEN
echo "as it was seen"
