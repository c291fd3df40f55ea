#!/usr/bin/env bash
# A test that is expected to fail, and fails in a subtest alone, counts as one that passed unexpectedly.
#
# Version: pytest 9.2.0, whose `subtests` fixture is built in.
# Behaviour: the mark xfail reaches the subtest, which is SUBXFAIL, and takes its failure away from the test: without the mark the
# test would fail with "contains 1 failed subtest", with it the test is XPASS. So a strict xfail fails, and its run with it, exactly
# when what it waits for still happens; it is satisfied if an assertion outside of any subtest fails too.
# Seen: the lines at the end, and pytest's exit status.
# What follows: keep strict marks off tests with subtests, or assert outside of them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pytest==9.2.0
cat >"$folder/test_parts.py" <<'PYTHON'
import pytest


def test_no_mark(subtests):
    with subtests.test("part"):
        assert False


@pytest.mark.xfail
def test_mark(subtests):
    with subtests.test("part"):
        assert False


@pytest.mark.xfail(strict=True)
def test_strict(subtests):
    with subtests.test("part"):
        assert False


@pytest.mark.xfail(strict=True)
def test_strict_outside(subtests):
    with subtests.test("part"):
        assert False
    assert False
PYTHON
for test in test_no_mark test_mark test_strict test_strict_outside; do
    status=0
    "$folder/venv/bin/pytest" -v --tb=no --rootdir "$folder" -p no:cacheprovider "$folder/test_parts.py::$test" >"$folder/said" || status=$?
    sed -En 's/^\S*::(\S+) ((SUB)?(PASSED|FAILED|XFAIL|XPASS)\S*).*/\1 \2/p' "$folder/said"
    echo "exit status $status"
done | tee "$folder/seen"
diff - "$folder/seen" <<'SEEN'
test_no_mark SUBFAILED[part]
test_no_mark FAILED
exit status 1
test_mark SUBXFAIL[part]
test_mark XPASS
exit status 0
test_strict SUBXFAIL[part]
test_strict FAILED
exit status 1
test_strict_outside SUBXFAIL[part]
test_strict_outside XFAIL
exit status 0
SEEN
echo "as it was seen"
