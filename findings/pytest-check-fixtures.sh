#!/usr/bin/env bash
# A failed check of pytest-check in a fixture of a module is an error of the first test alone: the others pass. Before a subtest it is that of the
# first subtest, also if that one passes.
#
# Version: pytest-check 3.0.3 with pytest 9.2.0, whose `subtests` fixture is built in.
# Behaviour: a check that fails is kept until the next report is made, whatever that is about. A fixture whose check failed has not failed: it
# gives its value, is kept for the module or the session, and only the test that set it up has an error, where an assertion fails all of
# them. With xdist each worker has such a test. What is checked in a test before a subtest makes the subtest fail, and skipped ones too.
# Guessed: that each test with the fixture is an error, as with an assertion, and that the test, not the subtest, has the failure.
# Seen: for each file pytest's lines, and what it counts; test_assert.py has an assertion in place of the check.
# What follows: assert in fixtures of more than one test, and check before subtests in a subtest of its own.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pytest-check==3.0.3 pytest==9.2.0 pytest-xdist==3.8.0
for way in 'assert 1 == 2' 'check.equal(1, 2)'; do
    cat >"test_${way%%[ .]*}.py" <<PYTHON
import pytest
from pytest_check import check


@pytest.fixture(scope="module")
def engine():
    $way
    return "engine"


@pytest.mark.parametrize("n", range(4))
def test_with(engine, n):
    assert engine == "engine"
PYTHON
done
cat >test_subtests.py <<'PYTHON'
import pytest
from pytest_check import check


def test_before(subtests):
    check.equal(1, 2)
    with subtests.test("first"):
        assert True
    with subtests.test("second"):
        assert True


def test_before_skip(subtests):
    check.equal(1, 2)
    with subtests.test("first"):
        pytest.skip("not here")


def test_inside(subtests):
    with subtests.test("first"):
        check.equal(1, 2)
    with subtests.test("second"):
        assert True
PYTHON
for run in "test_assert.py -n 0" "test_check.py -n 0" "test_check.py -n 2" "test_subtests.py -n 0"; do
    echo "$run"
    # shellcheck disable=SC2086 # a file and its options
    venv/bin/python -m pytest -q -p no:cacheprovider --tb=no -rA $run >output || true
    grep -E '^(PASSED|FAILED|ERROR|SUBFAILED|SUBSKIPPED|[0-9]+ (passed|failed|error))' output | sed -E 's/ - .*//; s/ in [0-9.]+s$//; s/^/    /' | sort
done | tee seen
diff - seen <<'SEEN'
test_assert.py -n 0
    4 errors
    ERROR test_assert.py::test_with[0]
    ERROR test_assert.py::test_with[1]
    ERROR test_assert.py::test_with[2]
    ERROR test_assert.py::test_with[3]
test_check.py -n 0
    3 passed, 1 error
    ERROR test_check.py::test_with[0]
    PASSED test_check.py::test_with[1]
    PASSED test_check.py::test_with[2]
    PASSED test_check.py::test_with[3]
test_check.py -n 2
    2 passed, 2 errors
    ERROR test_check.py::test_with[0]
    ERROR test_check.py::test_with[2]
    PASSED test_check.py::test_with[1]
    PASSED test_check.py::test_with[3]
test_subtests.py -n 0
    6 failed, 2 subtests passed
    FAILED test_subtests.py::test_before
    FAILED test_subtests.py::test_before_skip
    FAILED test_subtests.py::test_inside
    SUBFAILED[first] test_subtests.py::test_before
    SUBFAILED[first] test_subtests.py::test_before_skip
    SUBFAILED[first] test_subtests.py::test_inside
SEEN
echo "as it was seen"
