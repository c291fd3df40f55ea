#!/usr/bin/env bash
# pytest-split takes a test for twice as long as it is if its time is spent in subtests, and so makes jobs of different length.
#
# Versions: pytest-split 0.11.0 with pytest 9.2.0, whose `subtests` fixture is built in.
# Behaviour: it adds up the durations of all reports with a test's name. Each subtest has a report of its own, and the test's report has
# the time of the whole. Of three tests of one second each the one with subtests fills a job alone.
# Guessed: that a test's stored duration is the test's.
# Seen: how many times the measured time is stored for each test, and how two jobs share the three tests.
# What follows: write the file of durations by other means if few tests have many subtests.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pytest==9.2.0 pytest-split==0.11.0
cat >test_three.py <<'PYTHON'
import json
import time

import pytest


@pytest.fixture(autouse=True)
def measured(request):
    start = time.monotonic()
    yield
    with open("measured", "a") as file:
        file.write(json.dumps([request.node.nodeid, time.monotonic() - start]) + "\n")


def test_in_subtests(subtests):
    for number in range(2):
        with subtests.test(number=number):
            time.sleep(0.5)


def test_plain():
    time.sleep(1)


def test_plain_again():
    time.sleep(1)
PYTHON
{
    venv/bin/pytest -q -p no:cacheprovider --store-durations --durations-path durations test_three.py >/dev/null
    venv/bin/python -c '
import json
stored = json.load(open("durations"))
for name, seconds in map(json.loads, open("measured")):
    print(name, "is stored", round(stored[name] / seconds), "times")
'
    for group in 1 2; do
        echo "job $group:"
        venv/bin/pytest -v -p no:cacheprovider --durations-path durations --splits 2 --group "$group" --splitting-algorithm least_duration test_three.py |
            sed -En 's/^test_three.py::(\w+) PASSED.*/    \1/p'
    done
} | tee seen
diff - seen <<'SEEN'
test_three.py::test_in_subtests is stored 2 times
test_three.py::test_plain is stored 1 times
test_three.py::test_plain_again is stored 1 times
job 1:
    test_in_subtests
job 2:
    test_plain
    test_plain_again
SEEN
echo "as it was seen"
