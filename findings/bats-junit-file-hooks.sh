#!/usr/bin/env bash
# The JUnit file of bats blames the last test for a teardown_file or teardown_suite that fails, and another suite for setup_file.
#
# Version: bats 1.13.0 of npm; bash from the machine.
# Behaviour: TAP has a line of its own, "not ok 3 teardown_file failed", after the two tests that are ok. In the JUnit file the failure
# stands inside the <testcase> of the last test, which passed, and the head counts three tests for two elements. If setup_file fails no
# test is run: the file's own suite has no test and no failure, and a suite "setup_suite", which no file is, has one. A test that was
# skipped and whose teardown fails is "not ok 1 name # skip" in TAP, and a failure without a word of the skip in the file.
# Guessed: that each of them is a <testcase> of its own in the suite of its file, and that a skipped test stays skipped.
# Seen: for each file what TAP says, then the elements of the JUnit file.
# What follows: where a test is said to have failed, read which function the failure's text names.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund bats@1.13.0
cat >teardown_file.bats <<'BATS'
teardown_file() {
    false
}
@test "one" {
    true
}
@test "two" {
    true
}
BATS
sed 's/^teardown_file/setup_file/' teardown_file.bats >setup_file.bats
sed 's/^teardown_file/teardown/; s/^    true/    skip/' teardown_file.bats >skipped.bats
mkdir suite
printf 'setup_suite() {\n    true\n}\nteardown_suite() {\n    false\n}\n' >suite/setup_suite.bash
printf '@test "one" {\n    true\n}\n' >suite/suite.bats
for file in teardown_file.bats setup_file.bats skipped.bats suite/suite.bats; do
    echo "$file"
    bash node_modules/bats/bin/bats --formatter tap --report-formatter junit --output . "$file" >printed 2>&1 || true
    sed -n 's/ # in .*//; s/ in [0-9]*ms//; /^ok\|^not ok/s/^/    /p' printed
    sed -n -e 's/^\(<testsuite [^>]* failures="[0-9]*"\).*/    \1/p' -e 's/^ *\(<testcase .*\) time=.*/        \1/p' \
        -e 's/^ *<failure[^>]*>(from function `\([a-z_]*\).*/            failure in \1/p' report.xml
done | tee seen
diff - seen <<'SEEN'
teardown_file.bats
    ok 1 one
    ok 2 two
    not ok 3 teardown_file failed
    <testsuite name="teardown_file.bats" tests="3" failures="1"
        <testcase classname="teardown_file.bats" name="one"
        <testcase classname="teardown_file.bats" name="two"
            failure in teardown_file
setup_file.bats
    not ok 1 setup_file failed
    <testsuite name="setup_file.bats" tests="0" failures="0"
    <testsuite name="setup_suite" tests="1" failures="1"
        <testcase classname="setup_suite" name="setup_file failed"
            failure in setup_file
skipped.bats
    not ok 1 one # skip
    not ok 2 two # skip
    <testsuite name="skipped.bats" tests="2" failures="2"
        <testcase classname="skipped.bats" name="one"
            failure in teardown
        <testcase classname="skipped.bats" name="two"
            failure in teardown
suite/suite.bats
    ok 1 one
    not ok 2 teardown_suite
    <testsuite name="suite.bats" tests="2" failures="1"
        <testcase classname="suite.bats" name="one"
            failure in teardown_suite
SEEN
echo "as it was seen"
