#!/usr/bin/env bash
# pytest counts subtests as tests in the heads of a JUnit file, and writes no <testcase> for them.
#
# Version: pytest 9.2.0, whose `subtests` fixture is built in.
# Behaviour: of two tests, one with three subtests of which one fails and one with a single subtest, the suite's head says
# tests="6" and failures="2"; the file has two <testcase> elements, one of them with both failures inside. A reader that
# counts elements and one that reads the head disagree, and a subtest that passed or failed has no name in the file but in
# the words of its failure.
# Seen: the lines at the end.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pytest==9.2.0
cat >"$folder/test_parts.py" <<'PYTHON'
def test_three(subtests):
    for number in range(3):
        with subtests.test("part", number=number):
            assert number != 1


def test_one(subtests):
    with subtests.test("whole"):
        pass
PYTHON
cat >"$folder/look.py" <<'PYTHON'
import sys
from xml.etree import ElementTree

suite = ElementTree.parse(sys.argv[1]).getroot()[0]
print({name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")})
for case in suite.iter("testcase"):
    print(case.get("name"), [inside.tag for inside in case])
PYTHON
"$folder/venv/bin/pytest" -q --rootdir "$folder" -p no:cacheprovider --junit-xml "$folder/junit.xml" "$folder/test_parts.py" || [ $? = 1 ]
"$folder/venv/bin/python" "$folder/look.py" "$folder/junit.xml" | tee "$folder/seen"
diff - "$folder/seen" <<'SEEN'
{'tests': '6', 'failures': '2', 'errors': '0', 'skipped': '0'}
test_three ['failure', 'failure']
test_one []
SEEN
echo "as it was seen"
