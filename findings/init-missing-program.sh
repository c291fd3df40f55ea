#!/usr/bin/env bash
# The three inits of containers end differently if the program to start is missing: tini with 127, dumb-init with 2, catatonit with 1.
#
# Versions: tini 0.19.0-1+b3 (Docker's --init), dumb-init 1.2.5-2, catatonit 0.1.7-1+b2 (Podman's --init) of Debian bookworm.
# Behaviour: a shell and Docker say 127 for a program that is not there and 126 for one that cannot be run. tini does, too. Under the other
# two both are told as 2 or as 1, which the program itself may give: grep's 1 and 2, a failed test's 1. What the program gives
# is passed on by all three, 128 and the number for a signal.
# Seen: each one's exit status.
# What follows: behind dumb-init and catatonit the exit status does not tell a bad image from a failed program; through `sh -c 'exec ...'`
# it does.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq download tini=0.19.0-1+b3 dumb-init=1.2.5-2 catatonit=0.1.7-1+b2 2>/dev/null
for package in ./*.deb; do dpkg-deb -x "$package" unpacked; done
touch not-executable
for init in tini dumb-init catatonit; do
    for program in "$folder/missing" "$folder/not-executable" "sh -c 'exit 7'" "sh -c 'kill -9 \$\$'" "sh -c 'exec $folder/missing'"; do
        status=0
        eval "TINI_SUBREAPER=1 unpacked/usr/bin/$init -- $program" 2>/dev/null || status=$?
        echo "$init ${program//"$folder/"/}: $status"
    done
done | tee seen
diff - seen <<'SEEN'
tini missing: 127
tini not-executable: 126
tini sh -c 'exit 7': 7
tini sh -c 'kill -9 $$': 137
tini sh -c 'exec missing': 127
dumb-init missing: 2
dumb-init not-executable: 2
dumb-init sh -c 'exit 7': 7
dumb-init sh -c 'kill -9 $$': 137
dumb-init sh -c 'exec missing': 127
catatonit missing: 1
catatonit not-executable: 1
catatonit sh -c 'exit 7': 7
catatonit sh -c 'kill -9 $$': 137
catatonit sh -c 'exec missing': 127
SEEN
echo "as it was seen"
