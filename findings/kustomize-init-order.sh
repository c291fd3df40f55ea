#!/usr/bin/env bash
# A patch that changes one init container makes it the first one in kustomize; the same patch in the API server leaves the order.
#
# Versions: sigs.k8s.io/kustomize/api v0.21.1 and sigs.k8s.io/kustomize/kyaml v0.21.1, of kustomize 5.8.1; beside them
# k8s.io/apimachinery v0.37.2 (strategicpatch), with which the API server and `kubectl patch --local` apply it; Go from the machine.
# Behaviour: init containers run in the order of their list, and so do sidecars among them. kustomize puts all that a strategic merge
# patch names before the rest: an overlay that sets an image or a variable of the last init container runs it first. In the API server
# what was there keeps its place. What is new comes first in both, but next to an old one that the patch names, kustomize puts both first
# and the API server both behind. So it is with variables, where `$(NAME)` is filled in only from those before it.
# Guessed: that what is there keeps its place and what is new comes last, in both.
# Seen: for each patch the names in order, kustomize first.
# What follows: name all init containers in such a patch in the order in which they are to run, or use a JSON patch.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH=$folder/go GOFLAGS=-modcacherw
cat >look.go <<'GO'
package main

import (
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

const head = "apiVersion: v1\nkind: Pod\nmetadata: {name: one}\nspec:\n  "

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func print(text []byte) {
	var pod corev1.Pod
	if err := yaml.Unmarshal(text, &pod); err != nil {
		panic(err)
	}
	for _, container := range pod.Spec.InitContainers {
		fmt.Print(" ", container.Name)
	}
	for _, container := range pod.Spec.Containers {
		for _, variable := range container.Env {
			fmt.Print(" ", variable.Name)
		}
	}
	fmt.Println()
}

func main() {
	base, patch := []byte(head+os.Args[1]), []byte(head+os.Args[2])
	files := filesys.MakeFsInMemory()
	for name, content := range map[string][]byte{"base.yaml": base, "patch.yaml": patch, "kustomization.yaml": []byte("resources: [base.yaml]\npatches: [{path: patch.yaml}]\n")} {
		if err := files.WriteFile(name, content); err != nil {
			panic(err)
		}
	}
	print(must(must(krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, ".")).AsYaml()))
	print(must(strategicpatch.StrategicMergePatch(must(yaml.YAMLToJSON(base)), must(yaml.YAMLToJSON(patch)), corev1.Pod{})))
}
GO
go mod init finding 2>/dev/null
go get sigs.k8s.io/kustomize/api/krusty@v0.21.1 sigs.k8s.io/kustomize/kyaml/filesys@v0.21.1 k8s.io/api/core/v1@v0.37.2 \
    k8s.io/apimachinery/pkg/util/strategicpatch@v0.37.2 sigs.k8s.io/yaml@v1.6.0 2>/dev/null
go build -o look .
# shellcheck disable=SC2034 # both are read by their names
init='initContainers: [{name: fetch, image: a}, {name: engine, image: b, restartPolicy: Always}, {name: check, image: c}]'
# shellcheck disable=SC2016,SC2034 # $(A) is for the API server
env='containers: [{name: main, image: a, env: [{name: A, value: a}, {name: B, value: $(A)}]}]'
while read -r kind patch; do
    echo "$patch"
    ./look "${!kind}" "$patch" | sed 's/^/   /'
done <<'PATCHES' | tee seen
init initContainers: [{name: check, image: d}]
init initContainers: [{name: engine, env: [{name: DEBUG, value: "1"}]}]
init initContainers: [{name: new, image: d}]
init initContainers: [{name: check}, {name: new, image: d}]
init initContainers: [{name: fetch}, {name: engine}, {name: check, image: d}]
env containers: [{name: main, env: [{name: B, value: $(A)/b}]}]
env containers: [{name: main, env: [{name: C, value: $(B)}]}]
PATCHES
diff - seen <<'SEEN'
initContainers: [{name: check, image: d}]
    check fetch engine
    fetch engine check
initContainers: [{name: engine, env: [{name: DEBUG, value: "1"}]}]
    engine fetch check
    fetch engine check
initContainers: [{name: new, image: d}]
    new fetch engine check
    new fetch engine check
initContainers: [{name: check}, {name: new, image: d}]
    check new fetch engine
    fetch engine check new
initContainers: [{name: fetch}, {name: engine}, {name: check, image: d}]
    fetch engine check
    fetch engine check
containers: [{name: main, env: [{name: B, value: $(A)/b}]}]
    B A
    A B
containers: [{name: main, env: [{name: C, value: $(B)}]}]
    C A B
    C A B
SEEN
echo "as it was seen"
