#!/usr/bin/env bash
# The NUnit file of pytest-nunit says that the run passed and that each file of tests passed, whatever failed, and a file that cannot be imported is
# not in it.
#
# Version: pytest-nunit 1.0.7, which pytest-azurepipelines installs and has write what Azure Pipelines reads, with pytest 9.2.0.
# Behaviour: `result` of <test-run> and <test-suite> is the word "Passed", always; the number of failed tests stands beside it. A file that cannot be
# imported is an error for pytest and leaves a run that passed without tests, or, with --continue-on-collection-errors, with the other files'
# tests alone. A test that is expected to fail and does is "Passed", not a word of it. Failed setups and teardowns are failed tests.
# Guessed: that the run and the suite are "Failed" as soon as a test is, as NUnit's own are, and that the file is a suite that failed.
# Seen: for each run pytest's exit status, then each element's result with the number of failed tests.
# What follows: judge such a run by pytest's exit status, or by the results of its <test-case> elements and their number.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pytest==9.2.0 pytest-nunit==1.0.7
cat >test_some.py <<'PYTHON'
import pytest


@pytest.fixture
def fails_at_its_end():
    yield
    assert False


def test_passes():
    pass


def test_fails():
    assert False


def test_teardown_fails(fails_at_its_end):
    pass


@pytest.mark.xfail
def test_expected():
    assert False
PYTHON
echo 'import nothing_there' >test_other.py
cat >show.py <<'PYTHON'
from xml.etree import ElementTree

for element in ElementTree.parse("nunit.xml").iter():
    if element.tag in ("test-run", "test-suite", "test-case"):
        failed = f", {element.get('failed')} of {element.get('total')} failed" if element.get("failed") else ""
        print(f"    {element.tag} {element.get('name') or ''}: {element.get('result')}{failed}")
PYTHON
for tests in test_some.py test_other.py "--continue-on-collection-errors test_some.py test_other.py"; do
    # shellcheck disable=SC2086 # several arguments
    venv/bin/pytest -q -p no:cacheprovider --nunit-xml=nunit.xml $tests >/dev/null && status=0 || status=$?
    echo "$tests: $status"
    venv/bin/python show.py
done | tee seen
diff - seen <<'SEEN'
test_some.py: 1
    test-run : Passed, 2 of 4 failed
    test-suite test_some.py: Passed, 2 of 4 failed
    test-case test_some.py::test_passes: Passed
    test-case test_some.py::test_fails: Failed
    test-case test_some.py::test_teardown_fails: Failed
    test-case test_some.py::test_expected: Passed
test_other.py: 2
    test-run : Passed, 0 of 0 failed
--continue-on-collection-errors test_some.py test_other.py: 1
    test-run : Passed, 2 of 4 failed
    test-suite test_some.py: Passed, 2 of 4 failed
    test-case test_some.py::test_passes: Passed
    test-case test_some.py::test_fails: Failed
    test-case test_some.py::test_teardown_fails: Failed
    test-case test_some.py::test_expected: Passed
SEEN
echo "as it was seen"
