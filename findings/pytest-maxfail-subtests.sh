#!/usr/bin/env bash
# With `-x` or `--maxfail` a failed subtest ends its test in the middle: the other subtests, and what the test does behind them, are not run.
#
# Version: pytest 9.2.0, whose `subtests` fixture is built in.
# Behaviour: a subtest that fails is a failure of its own that counts for `--maxfail`. At the last one that is allowed the subtest does not take
# the failure, as it does in a run without the option, but lets it out of the `with`: the test stops there. With `--maxfail=2` and one failed
# subtest in each of two tests that is the second test; the failure of the first test itself, which has a failed subtest, does not count.
# The last line counts it: "stopping after 3 failures" of a run that is to stop after 2, and then "4 failed".
# Guessed: that the run stops after the test, with all of its subtests run, and that each failed test counts once.
# Seen: for each option what of both tests was run, and pytest's last lines.
# What follows: undo in a fixture or in `finally` what a test with subtests does; do not compare the subtests of a run with `-x` with another's.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pytest==9.2.0
cat >test_parts.py <<'PYTHON'
import pytest


@pytest.mark.parametrize("test", ["first", "second"])
def test_of_two(subtests, test):
    with open("steps", "a") as steps:
        for number in (1, 2):
            with subtests.test(number=number):
                print(test, number, file=steps)
                assert number == 2
        print(test, "behind", file=steps)
PYTHON
for options in "" --exitfirst --maxfail=2 --maxfail=3; do
    rm -f steps
    echo "pytest $options"
    # shellcheck disable=SC2086 # none, or one
    venv/bin/pytest -q --tb=no -p no:cacheprovider $options test_parts.py >log || true
    paste -sd, steps | sed 's/^/    ran: /'
    sed -En 's/!//g; s/ in [0-9.]+s$//; s/^ *(stopping after.*|[0-9]+ failed.*)/    \1/p' log
done | sed 's/ *$//' | tee seen
diff - seen <<'SEEN'
pytest
    ran: first 1,first 2,first behind,second 1,second 2,second behind
    4 failed, 2 subtests passed
pytest --exitfirst
    ran: first 1
    stopping after 2 failures
    2 failed
pytest --maxfail=2
    ran: first 1,first 2,first behind,second 1
    stopping after 3 failures
    4 failed, 1 subtests passed
pytest --maxfail=3
    ran: first 1,first 2,first behind,second 1,second 2,second behind
    4 failed, 2 subtests passed
SEEN
echo "as it was seen"
