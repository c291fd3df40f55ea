#!/usr/bin/env bash
# durationpy writes durations with an exponent that neither it nor Go can read, and rounds others to six digits.
#
# Version: durationpy 0.11, which the Python client of Kubernetes installs; Go from the machine.
# Behaviour: to_str() writes each unit's number with six digits. A microsecond after a full hour is "1h1e-06s" and two hundred years are
# "1.7532e+06h": from_str() and Go's ParseDuration refuse the exponent. Where six digits are not enough the rest is dropped without
# a word: 12.345678 s is written as 12.3457 s. Below a second all digits are kept.
# Seen: for each duration what is written, what durationpy reads of it again, and what Go does.
# What follows: round to milliseconds before writing a duration.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH=$folder/go GOFLAGS=-modcacherw
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check durationpy==0.11
cat >look.go <<'GO'
package main

import (
	"fmt"
	"os"
	"time"
)

func main() {
	if duration, err := time.ParseDuration(os.Args[1]); err != nil {
		fmt.Println("refused")
	} else {
		fmt.Println(duration)
	}
}
GO
go mod init finding 2>/dev/null
go build -o look .
cat >look.py <<'PYTHON'
import subprocess
from datetime import timedelta

import durationpy

for duration in (
    timedelta(seconds=90),
    timedelta(microseconds=345678),
    timedelta(seconds=12, microseconds=345678),
    timedelta(seconds=1, microseconds=1),
    timedelta(hours=1, microseconds=1),
    timedelta(hours=876600),
    timedelta(hours=1753200),
):
    written = durationpy.to_str(duration)
    try:
        again = durationpy.from_str(written)
    except durationpy.DurationError:
        again = "refused"
    by_go = subprocess.check_output(["./look", written], text=True).strip()
    print(f"{duration}: written {written}, again {again}, Go {by_go}")
PYTHON
venv/bin/python look.py | tee seen
diff - seen <<'SEEN'
0:01:30: written 1m30s, again 0:01:30, Go 1m30s
0:00:00.345678: written 345ms678us, again 0:00:00.345678, Go 345.678ms
0:00:12.345678: written 12.3457s, again 0:00:12.345700, Go 12.3457s
0:00:01.000001: written 1s, again 0:00:01, Go 1s
1:00:00.000001: written 1h1e-06s, again refused, Go refused
36525 days, 0:00:00: written 876600h, again 36525 days, 0:00:00, Go 876600h0m0s
73050 days, 0:00:00: written 1.7532e+06h, again refused, Go refused
SEEN
echo "as it was seen"
