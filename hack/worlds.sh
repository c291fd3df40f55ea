#!/usr/bin/env bash
# Runs the core properties, with the mends among the approaches, in each of several worlds, and puts them in one report.
# Arguments: the conformance program, --install or --no-install, the folder of the reports, the worlds.
set -euo pipefail
conformance=$1 install=$2 reports=$3 worlds=("${@:4}")
worst=0
for world in "${worlds[@]}"; do
  "$conformance" up "$install" --world "$world"
  # An observation other than expected in one world does not keep the others from being looked at.
  "$conformance" run --world "$world" --level article -k core --reports "$reports/$world" || worst=$(($? > worst ? $? : worst))
done
latest=("${worlds[@]/#/$reports/}")
"$conformance" report "${latest[@]/%//latest}" --reports "$reports" || worst=$(($? > worst ? $? : worst))
exit "$worst"
