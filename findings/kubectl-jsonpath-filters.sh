#!/usr/bin/env bash
# The JSONPath of kubectl fails if a list is shorter than a slice of it, passes all that has a field if a filter's operator is unknown to
# it, and does not compare 1 with 1.5.
#
# Versions: k8s.io/client-go v0.37.2 (util/jsonpath) and k8s.io/apimachinery v0.37.2, with which kubectl reads answers; Go from the machine.
# Behaviour: `[0:2]` of a list with one item is an error, not that item; `[-2:]` too; `[1:]` of one item is empty. `?(@.port in [80])`,
# as other dialects write it, is true for each item that has a port: what stands behind the field is passed over without a word, whatever
# word it is. A number with a fraction and one without are "incompatible types": `cpu: 2` and `cpu: 1.5` in one list break a filter.
# A null breaks `?(@.port==80)` as well, where a missing field does not; it is printed as the word null.
# Guessed: that slices are cut at the end of a list as everywhere, that `in` is refused, and that numbers are numbers.
# Seen: for each template what is printed, with missing keys allowed as kubectl does.
# What follows: use jq for more than names.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH=$folder/go GOFLAGS=-modcacherw
cat >look.go <<'GO'
package main

import (
	"bytes"
	"fmt"

	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/client-go/util/jsonpath"
)

const list = `{"items": [{"name": "a", "port": 80, "cpu": 2}, {"name": "b", "port": 443, "cpu": 1.5}, {"name": "c", "port": null}, {"name": "d"}]}`

func main() {
	var answer any
	if err := json.Unmarshal([]byte(list), &answer); err != nil {
		panic(err)
	}
	fmt.Println(list)
	for _, template := range []string{
		"{.items[0:2].name}", "{.items[0:4].name}", "{.items[0:5].name}", "{.items[-4:].name}", "{.items[-5:].name}", "{.items[4:].name}",
		"{.items[?(@.port==80)].name}", "{.items[?(@.port in [80])].name}", "{.items[?(@.port nonsense 80)].name}",
		"{.items[?(@.cpu>1)].name}", "{.items[?(@.cpu>1.0)].name}", "{.items[0:2].cpu}", "{.items[*].port}",
	} {
		var printed bytes.Buffer
		path := jsonpath.New("look").AllowMissingKeys(true)
		err := path.Parse(template)
		if err == nil {
			err = path.Execute(&printed, answer)
		}
		if err != nil {
			fmt.Println(template, "->", err)
		} else {
			fmt.Printf("%s -> %q\n", template, printed.String())
		}
	}
}
GO
go mod init finding 2>/dev/null
go get k8s.io/client-go/util/jsonpath@v0.37.2 k8s.io/apimachinery/pkg/util/json@v0.37.2 2>/dev/null
go build -o look .
./look | tee seen
diff - seen <<'SEEN'
{"items": [{"name": "a", "port": 80, "cpu": 2}, {"name": "b", "port": 443, "cpu": 1.5}, {"name": "c", "port": null}, {"name": "d"}]}
{.items[0:2].name} -> "a b"
{.items[0:4].name} -> "a b c d"
{.items[0:5].name} -> array index out of bounds: index 4, length 4
{.items[-4:].name} -> "a b c d"
{.items[-5:].name} -> array index out of bounds: index -1, length 4
{.items[4:].name} -> ""
{.items[?(@.port==80)].name} -> invalid type for comparison
{.items[?(@.port in [80])].name} -> "a b c"
{.items[?(@.port nonsense 80)].name} -> "a b c"
{.items[?(@.cpu>1)].name} -> incompatible types for comparison
{.items[?(@.cpu>1.0)].name} -> incompatible types for comparison
{.items[0:2].cpu} -> "2 1.5"
{.items[*].port} -> "80 443 null"
SEEN
echo "as it was seen"
