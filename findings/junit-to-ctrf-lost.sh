#!/usr/bin/env bash
# junit-to-ctrf gives tests of one name in two modules one name, drops the reason of a skip, and cuts a time at the comma that Maven writes.
#
# Version: junit-to-ctrf 0.0.14 of npm; Node.js from the machine.
# Behaviour: a test is named "suite: name", and its class is kept nowhere. pytest writes one suite for all files, so that test_start of two modules
# are two tests of one name, of which one may have failed. Message and text of <skipped> are dropped, while those of <failure> are kept. 1,234.5
# seconds, as Surefire wrote them for years, are 1000 ms. A <testcase> whose status is "notrun", as googletest writes for what was filtered
# out, passed. A suite that could not be loaded, an <error> without a <testcase>, is not there. Start and stop of the run are 0.
# Guessed: that the class is in the name or the suite, that the reason is the message, that what was not run is skipped, and that the
# suite's error is lost.
# Seen: for each test what is in the CTRF file, then its summary.
# What follows: have the runner write CTRF itself, or give each file a suite of its own.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund junit-to-ctrf@0.0.14
cat >junit.xml <<'XML'
<?xml version="1.0" encoding="utf-8"?>
<testsuites>
  <testsuite name="pytest" errors="0" failures="1" skipped="1" tests="3" time="1.500" timestamp="2026-01-31T10:00:00.000000+00:00">
    <testcase classname="tests.test_api" name="test_start" time="1.000" />
    <testcase classname="tests.test_db" name="test_start" time="0.500"><failure message="no database">test_db.py:4</failure></testcase>
    <testcase classname="tests.test_db" name="test_stop" time="0.000"><skipped type="pytest.skip" message="needs root">:7</skipped></testcase>
  </testsuite>
  <testsuite name="org.example.SlowTest" tests="1" errors="0" skipped="0" failures="0" time="1,234.5">
    <testcase name="runs" classname="org.example.SlowTest" time="1,234.5" />
  </testsuite>
  <testsuite name="Filtered" tests="1" failures="0" disabled="1" errors="0" time="0.">
    <testcase name="Other" status="notrun" result="suppressed" time="0." classname="Filtered" />
  </testsuite>
  <testsuite name="Unloaded" tests="0" failures="0" errors="1" time="0"><error message="cannot be loaded" /></testsuite>
</testsuites>
XML
node_modules/.bin/junit-to-ctrf junit.xml -o ctrf.json >log
cat >look.js <<'JS'
const { tests, summary } = require('./ctrf.json').results;
for (const test of tests) console.log(JSON.stringify(test));
console.log(JSON.stringify(summary));
JS
node look.js | tee seen
diff - seen <<'SEEN'
{"name":"pytest: test_start","status":"passed","duration":1000,"suite":["pytest"]}
{"name":"pytest: test_start","status":"failed","duration":500,"message":"no database","trace":"test_db.py:4","suite":["pytest"]}
{"name":"pytest: test_stop","status":"skipped","duration":0,"suite":["pytest"]}
{"name":"org.example.SlowTest: runs","status":"passed","duration":1000,"suite":["org.example.SlowTest"]}
{"name":"Filtered: Other","status":"passed","duration":0,"suite":["Filtered"]}
{"tests":5,"passed":3,"failed":1,"skipped":1,"pending":0,"other":0,"start":0,"stop":0}
SEEN
echo "as it was seen"
