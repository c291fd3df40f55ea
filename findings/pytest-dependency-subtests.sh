#!/usr/bin/env bash
# pytest-dependency runs what depends on a test that failed, if it failed in a subtest.
#
# Versions: pytest-dependency 0.6.1 with pytest 9.2.0, whose `subtests` fixture is built in.
# Behaviour: the plugin notes the result of a test when its report is made. pytest turns the report of a test with a failed subtest into a
# failure only later ("contains 1 failed subtest"), so the plugin has noted that it passed. A test that fails outside of a subtest, or is
# expected to fail and does, holds back what depends on it.
# Guessed: that the test that is FAILED in pytest's own summary counts as failed.
# Seen: how four tests, and those that depend on them, end.
# What follows: assert once more after the subtests in a test on which others depend.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pytest==9.2.0 pytest-dependency==0.6.1
cat >test_look.py <<'PYTHON'
import pytest


@pytest.mark.dependency()
def test_plain():
    assert False


@pytest.mark.dependency()
def test_subtest(subtests):
    with subtests.test("one"):
        assert False


@pytest.mark.dependency()
def test_both(subtests):
    with subtests.test("one"):
        assert False
    assert False


@pytest.mark.dependency()
@pytest.mark.xfail
def test_expected():
    assert False


@pytest.mark.dependency(depends=["test_plain"])
def test_after_plain():
    pass


@pytest.mark.dependency(depends=["test_subtest"])
def test_after_subtest():
    pass


@pytest.mark.dependency(depends=["test_both"])
def test_after_both():
    pass


@pytest.mark.dependency(depends=["test_expected"])
def test_after_expected():
    pass
PYTHON
venv/bin/python -m pytest -v --color=no -p no:cacheprovider test_look.py >printed || true
sed -n '/%]$/s/.*::\(test_[a-z_]* [A-Z]*\).*/\1/p' printed | tee seen
diff - seen <<'SEEN'
test_plain FAILED
test_subtest SUBFAILED
test_subtest FAILED
test_both SUBFAILED
test_both FAILED
test_expected XFAIL
test_after_plain SKIPPED
test_after_subtest PASSED
test_after_both SKIPPED
test_after_expected SKIPPED
SEEN
echo "as it was seen"
