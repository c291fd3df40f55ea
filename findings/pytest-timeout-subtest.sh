#!/usr/bin/env bash
# A time limit of pytest-timeout that strikes inside a subtest ends that subtest alone; the rest of the test has no limit.
#
# Versions: pytest-timeout 2.4.0 with pytest 9.2.0, whose `subtests` fixture is built in.
# Behaviour: with the method "signal", which is the one on Linux, the limit is a failure that is raised where the test is. The
# `with` of the subtest takes it like any other failure, the test goes on behind it, and no second limit is set: what hangs
# next hangs for ever. Without subtests the same limit ends the test.
# Seen: the lines at the end. The limit is one second, the sleeps that follow it take two.
# What follows: give the job a limit of its own, or use `--timeout-method=thread`, which ends the process.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pytest==9.2.0 pytest-timeout==2.4.0
cat >"$folder/test_parts.py" <<'PYTHON'
import contextlib
import pathlib
import time

import pytest

SEEN = pathlib.Path(__file__).with_name("steps")


@pytest.mark.parametrize("with_subtests", [False, True])
def test_sleeps(subtests, with_subtests):
    for number in range(3):
        with subtests.test(number=number) if with_subtests else contextlib.nullcontext():
            time.sleep(2)
            with SEEN.open("a") as steps:
                print(f"with_subtests={with_subtests}: sleep {number} was not cut", file=steps)
    with SEEN.open("a") as steps:
        print(f"with_subtests={with_subtests}: end reached", file=steps)
PYTHON
{
    { "$folder/venv/bin/pytest" -v --tb=no --timeout 1 --rootdir "$folder" -p no:cacheprovider "$folder/test_parts.py" || [ $? = 1 ]; } |
        sed -En 's/^\S*::(\S+) ((SUB)?(PASSED|FAILED)\S*).*/\1 \2/p'
    cat "$folder/steps"
} | tee "$folder/seen"
diff - "$folder/seen" <<'SEEN'
test_sleeps[False] FAILED
test_sleeps[True] SUBFAILED(number=0)
test_sleeps[True] SUBPASSED(number=1)
test_sleeps[True] SUBPASSED(number=2)
test_sleeps[True] FAILED
with_subtests=True: sleep 1 was not cut
with_subtests=True: sleep 2 was not cut
with_subtests=True: end reached
SEEN
echo "as it was seen"
