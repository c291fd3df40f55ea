#!/usr/bin/env bash
# pytest-retry runs a test whose subtest fails again and again inside itself, as often as it takes, whatever number of retries is allowed.
#
# Versions: pytest-retry 1.7.0 with pytest 9.2.0, whose `subtests` fixture is built in.
# Behaviour: it runs the test again while the report of what failed is made. A subtest has a report of its own, which is made inside the test, and
# each run that follows has a subtest, too, and begins a new count. With `--retries 1` a test whose subtest fails three times is run four times and
# has passed; the same assertion outside of a subtest fails after two runs. A run begins before the one before it has ended: what stands behind
# the subtests is done at the end for all of them. So it is with subTest of unittest. A subtest that never passes ends with a RecursionError.
# Guessed: that a test with a failed subtest is run once more, or not at all, as the test itself fails only at its end.
# Seen: for each test pytest's last line, and how its runs began and ended.
# What follows: do without pytest-retry where tests have subtests; a run that passed does not say how often it was tried.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pytest==9.2.0 pytest-retry==1.7.0
cat >test_fourth.py <<'PYTHON'
import unittest


def noted(what):
    with open("noted", "a+") as file:
        file.write(what + " ")
        file.seek(0)
        return file.read().count("begun")


def test_plain():
    number = noted("begun")
    assert number == 4
    noted("ended")


def test_subtests(subtests):
    number = noted("begun")
    with subtests.test("one"):
        assert number == 4
    noted("ended")


class TestOfUnittest(unittest.TestCase):
    def test_subtests(self):
        number = noted("begun")
        with self.subTest("one"):
            assert number == 4
        noted("ended")
PYTHON
for test in test_plain test_subtests TestOfUnittest; do
    echo "$test:"
    rm -f noted
    venv/bin/pytest -q -p no:cacheprovider --retries 1 "test_fourth.py::$test" | sed -En 's/ in [0-9.]+s.*//; /(passed|failed|retried)$/s/^/    /p' || true
    echo "    $(cat noted)"
done | tee seen
diff - seen <<'SEEN'
test_plain:
    1 failed, 1 retried
    begun begun 
test_subtests:
    1 passed, 4 subtests passed, 3 retried
    begun begun begun begun ended ended ended ended 
TestOfUnittest:
    1 passed, 4 subtests passed, 3 retried
    begun begun begun begun ended ended ended ended 
SEEN
echo "as it was seen"
