#!/usr/bin/env bash
# An assertion of helm-unittest that negates passes for a path that is not there, even "is not empty", and for a template that renders nothing.
#
# Version: github.com/helm-unittest/helm-unittest v1.1.2 (with Helm 4 in it), built with github.com/helm-unittest/yaml-jsonpath v0.4.0 as its own
# go.mod says; Go from the machine.
# Behaviour: a path that is misspelt is "unknown path" and a failure for isEmpty, equal or lessOrEqual; for isNotEmpty, isNotNullOrEmpty,
# notLengthEqual, notLessOrEqual, isNotType, notContains and every other negation it is a pass: "not empty" holds for what does not exist, and
# both notLessOrEqual and notGreaterOrEqual of it hold. If the template's `if` is false and nothing is rendered they pass, too, as does
# matchSnapshot. A document that a selector does not find fails them all. A key of a test that does not exist, `sets` for `set`, is not looked at.
# Guessed: that an unknown path fails each of them but notExists and isNull, and that an unknown key is an error, as an unknown assertion is.
# Seen: for each assertion whether it passes for a misspelt path, and for a template that renders nothing; then a test with `sets`.
# What follows: put `exists` of the same path before each negation, and `hasDocuments` into each suite.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH=$folder/go GOFLAGS=-modcacherw
go mod init finding 2>/dev/null
go mod edit -replace github.com/vmware-labs/yaml-jsonpath=github.com/helm-unittest/yaml-jsonpath@v0.4.0
go get github.com/helm-unittest/helm-unittest/cmd/helm-unittest@v1.1.2 2>/dev/null
go build -o unittest github.com/helm-unittest/helm-unittest/cmd/helm-unittest
mkdir -p chart/templates chart/tests
printf 'apiVersion: v2\nname: chart\nversion: 0.1.0\n' >chart/Chart.yaml
echo 'enabled: true' >chart/values.yaml
cat >chart/templates/one.yaml <<'YAML'
{{- if .Values.enabled }}
apiVersion: apps/v1
kind: Deployment
metadata: {name: one}
spec: {replicas: 1}
{{- end }}
YAML
run() { # the test's further lines
    printf 'templates: [one.yaml]\ntests:\n  - it: is\n%s\n' "$1" >chart/tests/one_test.yaml
    if ./unittest chart >log; then echo passes; else echo fails; fi
}
while read -r name rest; do
    assertion="    asserts: [{$name: {path: spec.replica$rest}}]"
    echo "$name: $(run "$assertion"), of nothing it $(run "    set: {enabled: false}"$'\n'"$assertion")"
done <<'ASSERTIONS' | tee seen
exists
isEmpty
isNotEmpty
isNullOrEmpty
isNotNullOrEmpty
equal , value: 1
notEqual , value: 3
lengthEqual , count: 0
notLengthEqual , count: 0
lessOrEqual , value: 1
notLessOrEqual , value: 1
greaterOrEqual , value: 1
notGreaterOrEqual , value: 1
isType , type: int
isNotType , type: int
contains , content: a
notContains , content: a
matchRegex , pattern: a
notMatchRegex , pattern: a
matchSnapshot
ASSERTIONS
echo "sets: $(run $'    sets: {enabled: false}\n    asserts: [{equal: {path: spec.replicas, value: 1}}]')" | tee -a seen
diff - seen <<'SEEN'
exists: fails, of nothing it fails
isEmpty: fails, of nothing it fails
isNotEmpty: passes, of nothing it passes
isNullOrEmpty: fails, of nothing it fails
isNotNullOrEmpty: passes, of nothing it passes
equal: fails, of nothing it fails
notEqual: passes, of nothing it passes
lengthEqual: fails, of nothing it fails
notLengthEqual: passes, of nothing it passes
lessOrEqual: fails, of nothing it fails
notLessOrEqual: passes, of nothing it passes
greaterOrEqual: fails, of nothing it fails
notGreaterOrEqual: passes, of nothing it passes
isType: fails, of nothing it fails
isNotType: passes, of nothing it passes
contains: fails, of nothing it fails
notContains: passes, of nothing it passes
matchRegex: fails, of nothing it fails
notMatchRegex: passes, of nothing it passes
matchSnapshot: fails, of nothing it passes
sets: passes
SEEN
echo "as it was seen"
