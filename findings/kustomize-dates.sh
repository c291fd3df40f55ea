#!/usr/bin/env bash
# kustomize makes a time of a date without quotes: a label that is good when applied as it is becomes one that the API server refuses.
#
# Versions: sigs.k8s.io/kustomize/api v0.21.1 and sigs.k8s.io/kustomize/kyaml v0.21.1, of kustomize 5.8.1; sigs.k8s.io/yaml v1.6.0, with
# which kubectl reads, beside them; Go from the machine.
# Behaviour: 2026-01-31 is text to kubectl, in a file that is applied as it is. kustomize, without any transformation, writes
# "2026-01-31T00:00:00Z": in labels, where a colon is not allowed, and likewise in annotations, data, a container's arguments and variables,
# and patches. A time of day, a date with points and one with a time after a space are left as they are.
# Guessed: that a scalar leaves kustomize as it came in, or as kubectl reads it.
# Seen: for each value of a label what kubectl reads, then what kustomize writes.
# What follows: quote dates.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH=$folder/go GOFLAGS=-modcacherw
cat >look.go <<'GO'
package main

import (
	"encoding/json"
	"fmt"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

const manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {released: %s}}\n"

func label(text []byte) string {
	var object struct {
		Metadata struct{ Labels map[string]any }
	}
	if err := yaml.Unmarshal(text, &object); err != nil {
		panic(err)
	}
	value, err := json.Marshal(object.Metadata.Labels["released"])
	if err != nil {
		panic(err)
	}
	return string(value)
}

func main() {
	for _, value := range []string{
		"2026-01-31", `"2026-01-31"`, "2026-1-31", "2026-01-31T10:00:00Z", "2026-01-31 10:00:00", "10:30:00", "2026.01.31", "20260131", "2026-01",
	} {
		before := fmt.Appendf(nil, manifest, value)
		files := filesys.MakeFsInMemory()
		for name, text := range map[string][]byte{"kustomization.yaml": []byte("resources: [a.yaml]\n"), "a.yaml": before} {
			if err := files.WriteFile(name, text); err != nil {
				panic(err)
			}
		}
		built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, ".")
		if err != nil {
			panic(err)
		}
		after, err := built.AsYaml()
		if err != nil {
			panic(err)
		}
		fmt.Println(value, "->", label(before), "and", label(after))
	}
}
GO
go mod init finding 2>/dev/null
go get sigs.k8s.io/kustomize/api/krusty@v0.21.1 sigs.k8s.io/kustomize/kyaml/filesys@v0.21.1 sigs.k8s.io/yaml@v1.6.0 2>/dev/null
go build -o look .
./look | tee seen
diff - seen <<'SEEN'
2026-01-31 -> "2026-01-31" and "2026-01-31T00:00:00Z"
"2026-01-31" -> "2026-01-31" and "2026-01-31"
2026-1-31 -> "2026-1-31" and "2026-01-31T00:00:00Z"
2026-01-31T10:00:00Z -> "2026-01-31T10:00:00Z" and "2026-01-31T10:00:00Z"
2026-01-31 10:00:00 -> "2026-01-31 10:00:00" and "2026-01-31 10:00:00"
10:30:00 -> "10:30:00" and "10:30:00"
2026.01.31 -> "2026.01.31" and "2026.01.31"
20260131 -> 20260131 and 20260131
2026-01 -> "2026-01" and "2026-01"
SEEN
echo "as it was seen"
