#!/usr/bin/env bash
# junitparser adds up reports whose suites hold suites, and moves or doubles the test cases inside.
#
# Version: junitparser 5.0.3.
# Behaviour: going through a suite gives the cases of the suites in it as well, and adding relies on that. Reports: of two suites
# of the same name the second one's inner suite vanishes, and its cases stand in the outer one beside those that were there;
# the first one's inner suite is kept. Suites: the second one's inner suite is kept and its cases are in the outer one, too, so
# that each is there twice and counted twice. Reports whose suites have different attributes or no suite inside add up well.
# Seen: the lines at the end: which cases are where after adding two reports with two cases each.
# What follows: flatten reports before adding them, or give the outer suites different attributes, such as a host name.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check junitparser==5.0.3
cat >"$folder/look.py" <<'PYTHON'
from xml.etree import ElementTree

from junitparser import JUnitXml


def report(shard, more=""):
    return JUnitXml.fromstring(
        f'<testsuites><testsuite name="node"{more}><testcase name="outer{shard}"/>'
        f'<testsuite name="pod{shard}"><testcase name="inner{shard}"/></testsuite></testsuite></testsuites>'
    )


def told(what, summed):
    root = ElementTree.fromstring(summed.tostring())
    print(f"{what}: tests={root.get('tests')}")
    for suite in root.iter("testsuite"):
        print("   ", suite.get("name"), [case.get("name") for case in suite.findall("testcase")])


told("reports", report(1) + report(2))
told("suites", next(iter(report(1))) + next(iter(report(2))))
told("reports of two hosts", report(1, ' hostname="a"') + report(2, ' hostname="b"'))
PYTHON
"$folder/venv/bin/python" "$folder/look.py" | tee "$folder/seen"
diff - "$folder/seen" <<'SEEN'
reports: tests=4
    node ['outer1', 'outer2', 'inner2']
    pod1 ['inner1']
suites: tests=5
    node ['outer1', 'outer2', 'inner2']
    pod1 ['inner1']
    pod2 ['inner2']
reports of two hosts: tests=4
    node ['outer1']
    pod1 ['inner1']
    node ['outer2']
    pod2 ['inner2']
SEEN
echo "as it was seen"
