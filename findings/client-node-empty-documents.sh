#!/usr/bin/env bash
# loadAllYaml() of the JavaScript client of Kubernetes fails for a file that has an empty document, as rendered charts have.
#
# Versions: @kubernetes/client-node 1.4.0; beside it kubectl, which is kubernetes-client 1.20.5+really1.20.2-1.1+deb12u1 of Debian bookworm;
# Node.js from the machine.
# Behaviour: it asks each document for its kind without a look at whether there is one. Nothing between two `---`, nothing after the last
# one, and a comment alone, as a template leaves whose condition is false, are a TypeError of null, and none of the other objects is
# given. kubectl passes over such documents.
# Seen: the lines at the end: for each file, what kubectl finds in it and how many objects the client reads.
# What follows: read with a YAML library, leave out what is null, and give the rest to the client.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq download kubernetes-client=1.20.5+really1.20.2-1.1+deb12u1 2>/dev/null
dpkg-deb -x ./kubernetes-client_*.deb unpacked
npm install --silent --no-audit --no-fund @kubernetes/client-node@1.4.0
cat >look.mjs <<'JS'
import fs from "node:fs";
import { loadAllYaml } from "@kubernetes/client-node";

try {
    console.log("    client-node:", loadAllYaml(fs.readFileSync(0, "utf8")).length);
} catch (error) {
    console.log("    client-node:", error.name);
}
JS
first=$'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: first}\n'
second=$'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: second}\n'
cut=$'---\n'
comment=$'# left out\n'
for text in "$first$cut$second" "$first$cut$cut$second" "$first$cut$comment$cut$second" "$first$cut$second$cut" "$cut$first$cut$second"; do
    echo "$text" | grep -o -e '^---' -e '^#.*' -e 'name: [a-z]*' | paste -sd ' '
    # shellcheck disable=SC2046 # several words
    echo "    kubectl:" $(printf '%s' "$text" | unpacked/usr/bin/kubectl annotate --local -f - looked=at -o name 2>&1)
    printf '%s' "$text" | node look.mjs
done | tee seen
diff - seen <<'SEEN'
name: first --- name: second
    kubectl: configmap/first configmap/second
    client-node: 2
name: first --- --- name: second
    kubectl: configmap/first configmap/second
    client-node: TypeError
name: first --- # left out --- name: second
    kubectl: configmap/first configmap/second
    client-node: TypeError
name: first --- name: second ---
    kubectl: configmap/first configmap/second
    client-node: TypeError
--- name: first --- name: second
    kubectl: configmap/first configmap/second
    client-node: 2
SEEN
echo "as it was seen"
