#!/usr/bin/env bash
# The time limit of pytest-timeout holds for a test's first run alone: when pytest-rerunfailures runs it again, it may hang for ever.
#
# Versions: pytest-timeout 2.4.0 and pytest-rerunfailures 16.7 with pytest 9.2.0.
# Behaviour: pytest-timeout sets its limit once around all that happens to a test, and pytest-rerunfailures runs the test again inside of that.
# A test that was cut off after one second is run again without a limit. So it is with a test whose first run failed
# at once: the limit is taken away with the first run's end.
# Seen: which runs of two tests were cut off, with a limit of one second and hangs of three.
# What follows: give the job a limit of its own, or set `timeout_func_only`, with which each run has its limit.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pytest==9.2.0 pytest-timeout==2.4.0 pytest-rerunfailures==16.7
cat >"$folder/test_hangs.py" <<'PYTHON'
import pathlib
import time

NOTES = pathlib.Path(__file__).with_name("notes")
runs = []


def note(text):
    with NOTES.open("a") as notes:
        print(text, file=notes)


def hang(run):
    note(f"    {run} began to hang")
    time.sleep(3)
    note(f"    {run} was not cut off")


def test_hangs_twice():
    runs.append("hangs")
    if runs.count("hangs") < 3:
        hang(f"hangs, run {runs.count('hangs')}")


def test_fails_then_hangs():
    runs.append("fails")
    assert runs.count("fails") > 1
    if runs.count("fails") == 2:
        hang("fails, run 2")
PYTHON
for option in "" "-o timeout_func_only=true"; do
    echo "pytest --timeout 1 --reruns 2 $option" | sed 's/ *$//'
    # shellcheck disable=SC2086 # several words
    "$folder/venv/bin/pytest" -q --timeout 1 --reruns 2 $option --rootdir "$folder" -p no:cacheprovider "$folder/test_hangs.py" >"$folder/said"
    sed -n '$s/ in .*//p' "$folder/said"
    cat "$folder/notes"
    rm "$folder/notes"
done | tee "$folder/seen"
diff - "$folder/seen" <<'SEEN'
pytest --timeout 1 --reruns 2
2 passed, 2 rerun
    hangs, run 1 began to hang
    hangs, run 2 began to hang
    hangs, run 2 was not cut off
    fails, run 2 began to hang
    fails, run 2 was not cut off
pytest --timeout 1 --reruns 2 -o timeout_func_only=true
2 passed, 4 rerun
    hangs, run 1 began to hang
    hangs, run 2 began to hang
    fails, run 2 began to hang
SEEN
echo "as it was seen"
