#!/usr/bin/env bash
# With pytest 9.2 every test that pytest-forked runs fails, also those that pass, and what they printed is lost.
#
# Versions: pytest-forked 1.7.5 with pytest 9.2.0 and 9.1.1.
# Behaviour: a test runs in a child, which hands its report over with Python's marshal. In pytest 9.2 a report has a name that is an object, which
# marshal does not take. The test has run by then, to its end; the child's error is caught without a word, and pytest says of each test
# "EXITED with status 3", without its output or its assertion. So it is with `--forked` and with the mark `forked`. With pytest 9.1.1 all is well.
# Guessed: that it works with both.
# Seen: for both versions how four tests end, what pytest's summary says of them, and which of them ran to their end.
# What follows: pin pytest below 9.2 where tests are forked, or give each file a process of its own.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >test_four.py <<'PYTHON'
import pytest


def ran(name):
    with open("ran", "a") as file:
        file.write(f" {name}")


def test_passes():
    ran("passes")


def test_fails():
    ran("fails")
    assert 1 == 2


@pytest.mark.skip
def test_skipped():
    ran("skipped")


@pytest.mark.xfail
def test_expected():
    ran("expected")
    raise ValueError
PYTHON
for version in 9.1.1 9.2.0; do
    python3 -m venv "$version"
    "$version/bin/pip" install --quiet --disable-pip-version-check "pytest==$version" pytest-forked==1.7.5
    echo "pytest $version:"
    COLUMNS=150 "$version/bin/pytest" -v -p no:cacheprovider --forked test_four.py |
        sed -En 's/ in [0-9.]+s//; s,/[^ ]+/(test_four),\1,; s/ +\[ *[0-9]+%\]//; s/=+ (.*[0-9] (passed|failed|skipped|xfailed)[^=]*) =+/\1/p; /^(FAILED )?test_four/p' || true
    echo "ran to the assertion:$(cat ran)"
    rm ran
done | tee seen
diff - seen <<'SEEN'
pytest 9.1.1:
test_four.py::test_passes PASSED
test_four.py::test_fails FAILED
test_four.py::test_skipped SKIPPED (unconditional skip)
test_four.py::test_expected XFAIL
test_four.py:15: AssertionError
FAILED test_four.py::test_fails - def test_fails():
1 failed, 1 passed, 1 skipped, 1 xfailed
ran to the assertion: passes fails expected
pytest 9.2.0:
test_four.py::test_passes FAILED
test_four.py::test_fails FAILED
test_four.py::test_skipped FAILED
test_four.py::test_expected XFAIL (; pytest-forked reason: test_four.py:22: running the test EXITED with status 3)
test_four.py:8: running the test EXITED with status 3
test_four.py:12: running the test EXITED with status 3
test_four.py:17: running the test EXITED with status 3
test_four.py::test_expected
FAILED test_four.py::test_passes - test_four.py:8: running the test EXITED with status 3
FAILED test_four.py::test_fails - test_four.py:12: running the test EXITED with status 3
FAILED test_four.py::test_skipped - test_four.py:17: running the test EXITED with status 3
3 failed, 1 xfailed, 1 warning
ran to the assertion: passes fails expected
SEEN
echo "as it was seen"
