#!/usr/bin/env bash
# Runs the same in each of several worlds, and puts them in one report.
# Arguments: the conformance program, --install or --no-install, the folder of the reports, the options of `run`, the worlds.
set -euo pipefail
conformance=$1 install=$2 reports=$3
read -ra asked <<<"$4"
worst=0 looked_at=()
for world in "${@:5}"; do
  # A world that cannot be had here, or is other than expected, does not keep the others from being looked at.
  "$conformance" up "$install" --world "$world" || { worst=2 && continue; }
  "$conformance" run --world "$world" "${asked[@]}" --reports "$reports/$world" || worst=$(($? > worst ? $? : worst))
  looked_at+=("$reports/$world/latest")
done
[[ ${#looked_at[@]} == 0 ]] || "$conformance" report "${looked_at[@]}" --reports "$reports" || worst=$(($? > worst ? $? : worst))
exit "$worst"
