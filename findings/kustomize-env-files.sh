#!/usr/bin/env bash
# kustomize makes keys such as "export A" and "A " of an env file, with which no API server takes the ConfigMap; kubectl refuses the file.
#
# Versions: sigs.k8s.io/kustomize/api v0.21.1 and sigs.k8s.io/kustomize/kyaml v0.21.1, of kustomize 5.8.1; beside them kubectl, which is
# kubernetes-client 1.20.5+really1.20.2-1.1+deb12u1 of Debian bookworm; Go from the machine.
# Behaviour: `envs` of a configMapGenerator takes all before the first "=" for the key and does not look at it: the build succeeds, and applying
# fails. Quotes around a value are kept, as kubectl does in an env file; the same text in `literals` loses them, so that moving a line
# from one list to the other changes the value.
# Guessed: that the build refuses such keys, as `kubectl create configmap --from-env-file` does.
# Seen: for each line what kubectl makes of it, then kustomize with the line in a file and as a literal.
# What follows: write KEY=value and nothing else in such a file.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH=$folder/go GOFLAGS=-modcacherw
apt-get -qq download kubernetes-client=1.20.5+really1.20.2-1.1+deb12u1 2>/dev/null
dpkg-deb -x ./kubernetes-client_*.deb unpacked
cat >look.go <<'GO'
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

func main() {
	text, err := json.Marshal(map[string]any{"configMapGenerator": []any{map[string]any{"name": "a", os.Args[1]: []string{os.Args[2]}}}})
	if err != nil {
		panic(err)
	}
	files := filesys.MakeFsInMemory()
	if err := files.WriteFile("kustomization.yaml", text); err != nil {
		panic(err)
	}
	if line, err := os.ReadFile("lines.env"); err == nil {
		if err := files.WriteFile("lines.env", line); err != nil {
			panic(err)
		}
	}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, ".")
	if err != nil {
		fmt.Println("refused")
		return
	}
	data, err := json.Marshal(built.Resources()[0].GetDataMap())
	if err != nil {
		panic(err)
	}
	fmt.Println(string(data))
}
GO
go mod init finding 2>/dev/null
go get sigs.k8s.io/kustomize/api/krusty@v0.21.1 sigs.k8s.io/kustomize/kyaml/filesys@v0.21.1 2>/dev/null
go build -o look .
for line in 'A=1' 'export A=1' 'A = 1' 'A="x y"' "A='x'" 'A=x # y'; do
    echo "$line"
    echo "$line" >lines.env
    echo "    kubectl: $(unpacked/usr/bin/kubectl create configmap a --from-env-file=lines.env --dry-run=client -o 'jsonpath={.data}' 2>/dev/null || echo refused)"
    echo "    envs:    $(./look envs lines.env)"
    echo "    literal: $(./look literals "$line")"
done | tee seen
diff - seen <<'SEEN'
A=1
    kubectl: {"A":"1"}
    envs:    {"A":"1"}
    literal: {"A":"1"}
export A=1
    kubectl: refused
    envs:    {"export A":"1"}
    literal: {"export A":"1"}
A = 1
    kubectl: refused
    envs:    {"A ":" 1"}
    literal: {"A ":" 1"}
A="x y"
    kubectl: {"A":"\"x y\""}
    envs:    {"A":"\"x y\""}
    literal: {"A":"x y"}
A='x'
    kubectl: {"A":"'x'"}
    envs:    {"A":"'x'"}
    literal: {"A":"x"}
A=x # y
    kubectl: {"A":"x # y"}
    envs:    {"A":"x # y"}
    literal: {"A":"x # y"}
SEEN
echo "as it was seen"
