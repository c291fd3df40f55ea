#!/usr/bin/env bash
# flaky and pytest-rerunfailures in one environment: the one that is loaded last has all tests, and `--reruns` may do nothing.
#
# Versions: pytest-rerunfailures 16.7 and flaky 3.8.1 with pytest 9.2.0.
# Behaviour: both run a test in the place of pytest, and the first that is asked is the one that was loaded last. pytest loads installed plugins
# in the order in which their folders are listed, which is another on another disk. If that is flaky, `--reruns 1` is taken without a
# word and has no effect: flaky runs tests without its mark itself, once. Their marks have one name: `flaky(reruns=1)`, as
# pytest-rerunfailures documents it, is an error of flaky's in either order.
# Seen: how three tests end that pass the second time, for each order.
# What follows: run with `-p no:flaky` where another package brings flaky along.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pytest==9.2.0 pytest-rerunfailures==16.7 flaky==3.8.1
cat >"$folder/test_second_time.py" <<'PYTHON'
import collections

import pytest

runs = collections.Counter()


def run(name):
    runs[name] += 1
    assert runs[name] == 2


def test_plain():
    run("plain")


@pytest.mark.flaky
def test_mark():
    run("mark")


@pytest.mark.flaky(reruns=1)
def test_mark_reruns():
    run("mark_reruns")
PYTHON
export PYTEST_DISABLE_PLUGIN_AUTOLOAD=1
reruns="-p pytest_rerunfailures"
flaky="-p flaky.flaky_pytest_plugin"
for plugins in "$reruns $flaky" "$flaky $reruns" "$reruns"; do
    echo "pytest $plugins --reruns 1"
    # shellcheck disable=SC2086 # several words
    { "$folder/venv/bin/pytest" -v --tb=no $plugins --reruns 1 --rootdir "$folder" -p no:cacheprovider "$folder/test_second_time.py" || [ $? = 1 ]; } |
        sed -En 's/^\S*::(\S+) ([A-Z]+).*/    \1 \2/p'
done | tee "$folder/seen"
diff - "$folder/seen" <<'SEEN'
pytest -p pytest_rerunfailures -p flaky.flaky_pytest_plugin --reruns 1
    test_plain FAILED
    test_mark PASSED
    test_mark_reruns ERROR
pytest -p flaky.flaky_pytest_plugin -p pytest_rerunfailures --reruns 1
    test_plain RERUN
    test_plain PASSED
    test_mark RERUN
    test_mark PASSED
    test_mark_reruns RERUN
    test_mark_reruns ERROR
pytest -p pytest_rerunfailures --reruns 1
    test_plain RERUN
    test_plain PASSED
    test_mark RERUN
    test_mark PASSED
    test_mark_reruns RERUN
    test_mark_reruns PASSED
SEEN
echo "as it was seen"
