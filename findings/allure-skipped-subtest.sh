#!/usr/bin/env bash
# A test that passes is "skipped" to Allure if one of its subtests was.
#
# Versions: allure-pytest 2.16.2 with pytest 9.2.0, whose `subtests` fixture is built in.
# Behaviour: pytest calls the test PASSED, whatever subtests it skipped, and runs what comes after them. Allure takes the
# subtest's report for the test's own: its status is "skipped", with the subtest's reason, although two other subtests and
# the test's own assertions passed. Where all subtests pass it is "passed".
# Seen: pytest's line and Allure's statuses, at the end.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pytest==9.2.0 allure-pytest==2.16.2
cat >"$folder/test_parts.py" <<'PYTHON'
import pytest


def test_one_of_three_is_skipped(subtests):
    for number in range(3):
        with subtests.test(number=number):
            if number == 1:
                pytest.skip("not here")


def test_none_is_skipped(subtests):
    for number in range(3):
        with subtests.test(number=number):
            pass
PYTHON
cat >"$folder/look.py" <<'PYTHON'
import json
import pathlib
import sys

for result in sorted((json.loads(file.read_text()) for file in pathlib.Path(sys.argv[1]).glob("*-result.json")), key=lambda r: r["name"]):
    print(result["name"], result["status"])
PYTHON
{
    "$folder/venv/bin/pytest" -v --rootdir "$folder" -p no:cacheprovider --alluredir "$folder/allure" "$folder/test_parts.py" |
        sed -En 's/^.*::(\w+) (PASSED|FAILED|SKIPPED).*/pytest: \1 \2/p'
    "$folder/venv/bin/python" "$folder/look.py" "$folder/allure" | sed 's/^/allure: /'
} | tee "$folder/seen"
diff - "$folder/seen" <<'SEEN'
pytest: test_one_of_three_is_skipped PASSED
pytest: test_none_is_skipped PASSED
allure: test_none_is_skipped passed
allure: test_one_of_three_is_skipped skipped
SEEN
echo "as it was seen"
