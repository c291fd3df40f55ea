#!/usr/bin/env bash
# pytest-github-actions-annotate-failures has no annotation for what fails in a fixture or at an import, and an error for a test that passed when
# it was run again.
#
# Versions: pytest-github-actions-annotate-failures 0.4.2 and pytest-rerunfailures 16.7 with pytest 9.2.0.
# Behaviour: the failures of a test's own call alone are annotated. If the engine or the cluster of a fixture does not come up all tests are
# errors, the exit status is 1, and there is not one annotation; so it is with a teardown, and with a file that cannot be imported. An
# assertion in a helper is annotated at the helper's caller. With `--reruns` each run that failed is an error, that of a run in which all
# passed at last as well. A failed subtest has one, and the test around it, which pytest counts too, has none.
# Guessed: that there is an annotation for each failure and error that pytest counts in the end, and for no other.
# Seen: for each file pytest's last line and exit status, and the annotations.
# What follows: read errors in the log or in a JUnit file, and do not count annotations.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pytest-github-actions-annotate-failures==0.4.2 pytest==9.2.0 pytest-rerunfailures==16.7
cat >test_fixture.py <<'PYTHON'
import pytest


@pytest.fixture(scope="module")
def engine():
    raise OSError("no engine")


@pytest.mark.parametrize("n", range(3))
def test_with(engine, n):
    pass
PYTHON
cat >test_teardown.py <<'PYTHON'
import pytest


@pytest.fixture
def engine():
    yield
    assert not "containers left"


def test_with(engine):
    pass
PYTHON
echo "import no_such_module" >test_import.py
cat >test_subtests.py <<'PYTHON'
def test_three(subtests):
    for n in range(3):
        with subtests.test(n=n):
            assert n == 0
PYTHON
cat >test_again.py <<'PYTHON'
runs = []


def ready():
    runs.append(1)
    assert len(runs) == 2, "not yet"


def test_ready():
    ready()
PYTHON
for run in test_fixture.py test_teardown.py test_import.py test_subtests.py "test_again.py --reruns=1"; do
    status=0
    # shellcheck disable=SC2086 # a file and its options
    GITHUB_ACTIONS=true venv/bin/python -m pytest -q -p no:cacheprovider $run >output 2>annotations || status=$?
    echo "$run: $(tail -1 output | sed -E 's/ in [0-9.]+s$//'), exit status $status"
    sed 's/^/    /' annotations
done | tee seen
diff - seen <<'SEEN'
test_fixture.py: 3 errors, exit status 1
test_teardown.py: 1 passed, 1 error, exit status 1
test_import.py: 1 error, exit status 2
test_subtests.py: 3 failed, 1 subtests passed, exit status 1
    ::error file=test_subtests.py,line=4::test_three (n=1)%0A%0Aassert 1 == 0
    ::error file=test_subtests.py,line=4::test_three (n=2)%0A%0Aassert 2 == 0
test_again.py --reruns=1: 1 passed, 1 rerun, exit status 0
    ::error file=test_again.py,line=10::test_ready%0A%0AAssertionError: not yet%0Aassert 1 == 2%0A +  where 1 = len([1])
SEEN
echo "as it was seen"
