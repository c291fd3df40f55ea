#!/usr/bin/env bash
# Runs the core properties, with the mends among the approaches, in each of several worlds, and puts them in one report.
# Arguments: the conformance program, --install or --no-install, the folder of the reports, the worlds.
set -euo pipefail
conformance=$1 install=$2 reports=$3
worst=0 looked_at=()
for world in "${@:4}"; do
  # A world that cannot be had here, or is other than expected, does not keep the others from being looked at.
  "$conformance" up "$install" --world "$world" || { worst=2 && continue; }
  "$conformance" run --world "$world" --level article -k core --reports "$reports/$world" || worst=$(($? > worst ? $? : worst))
  looked_at+=("$reports/$world/latest")
done
[[ ${#looked_at[@]} == 0 ]] || "$conformance" report "${looked_at[@]}" --reports "$reports" || worst=$(($? > worst ? $? : worst))
exit "$worst"
