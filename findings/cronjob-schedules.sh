#!/usr/bin/env bash
# The library that reads the schedules of CronJobs runs a nightly job twice when clocks go back and not at all when they go forward, and
# the libraries with which one looks a schedule up say otherwise.
#
# Versions: github.com/robfig/cron/v3 v3.0.1, which Kubernetes uses; croniter 7.0.0 and cronsim 2.8 of Python beside it; Go from the machine.
# Behaviour: with `timeZone: Europe/Berlin`, 02:30 is skipped on the night that has none and comes twice on the night that has it twice. Both
# others run once at 03:00 on the first; on the second croniter says twice and cronsim once. Days: where both the day of the month and
# the day of the week are given, either is enough, unless one of them is `*`. `*/1` counts as `*` too, and `*/2` does not. croniter
# takes both for given, so that `*/1` is every day; to cronsim both fields must hold then. A 7 for Sunday is refused, as is a range
# that passes Sunday.
# Seen: the next times of each schedule, Kubernetes' library first.
# What follows: keep nightly jobs out of 02:00 to 03:00 or in UTC; give one of the two day fields alone.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH=$folder/go GOFLAGS=-modcacherw
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check croniter==7.0.0 cronsim==2.8 tzdata==2026.6
cat >look.go <<'GO'
package main

import (
	"fmt"
	"os"
	"time"
	_ "time/tzdata"

	"github.com/robfig/cron/v3"
)

// Arguments: a time zone, a time, a schedule. Prints the four times that follow.
func main() {
	zone, err := time.LoadLocation(os.Args[1])
	if err != nil {
		panic(err)
	}
	next, err := time.ParseInLocation("2006-01-02", os.Args[2], zone)
	if err != nil {
		panic(err)
	}
	schedule, err := cron.ParseStandard(os.Args[3])
	if err != nil {
		fmt.Println("refused")
		return
	}
	for range 4 {
		next = schedule.Next(next)
		fmt.Print(next.Format("Mon 02 15:04-0700  "))
	}
	fmt.Println()
}
GO
go mod init finding 2>/dev/null
go get github.com/robfig/cron/v3@v3.0.1 2>/dev/null
go build -o look .
cat >look.py <<'PYTHON'
import datetime
import subprocess
import zoneinfo

from croniter import croniter
from cronsim import CronSim, CronSimError

for zone, day, schedule in (
    ("Europe/Berlin", "2026-03-28", "30 2 * * *"),
    ("Europe/Berlin", "2026-10-24", "30 2 * * *"),
    ("UTC", "2026-01-01", "0 0 */1 * 1"),
    ("UTC", "2026-01-01", "0 0 */2 * 1"),
    ("UTC", "2026-01-01", "0 0 * * 7"),
    ("UTC", "2026-01-01", "0 0 * * sat-mon"),
):
    print(schedule, "in", zone, "after", day, flush=True)
    subprocess.run(["./look", zone, day, schedule], check=True)
    start = datetime.datetime.fromisoformat(day).replace(tzinfo=zoneinfo.ZoneInfo(zone))
    for library in croniter, CronSim:
        try:
            times = croniter(schedule, start, ret_type=datetime.datetime) if library is croniter else CronSim(schedule, start)
            print("".join(f"{next(times):%a %d %H:%M%z}  " for _ in range(4)))
        except CronSimError:
            print("refused")
PYTHON
venv/bin/python look.py | sed 's/ *$//' | tee seen
diff - seen <<'SEEN'
30 2 * * * in Europe/Berlin after 2026-03-28
Sat 28 02:30+0100  Mon 30 02:30+0200  Tue 31 02:30+0200  Wed 01 02:30+0200
Sat 28 02:30+0100  Sun 29 03:00+0200  Mon 30 02:30+0200  Tue 31 02:30+0200
Sat 28 02:30+0100  Sun 29 03:00+0200  Mon 30 02:30+0200  Tue 31 02:30+0200
30 2 * * * in Europe/Berlin after 2026-10-24
Sat 24 02:30+0200  Sun 25 02:30+0200  Sun 25 02:30+0100  Mon 26 02:30+0100
Sat 24 02:30+0200  Sun 25 02:30+0200  Sun 25 02:30+0100  Mon 26 02:30+0100
Sat 24 02:30+0200  Sun 25 02:30+0200  Mon 26 02:30+0100  Tue 27 02:30+0100
0 0 */1 * 1 in UTC after 2026-01-01
Mon 05 00:00+0000  Mon 12 00:00+0000  Mon 19 00:00+0000  Mon 26 00:00+0000
Fri 02 00:00+0000  Sat 03 00:00+0000  Sun 04 00:00+0000  Mon 05 00:00+0000
Mon 05 00:00+0000  Mon 12 00:00+0000  Mon 19 00:00+0000  Mon 26 00:00+0000
0 0 */2 * 1 in UTC after 2026-01-01
Sat 03 00:00+0000  Mon 05 00:00+0000  Wed 07 00:00+0000  Fri 09 00:00+0000
Sat 03 00:00+0000  Mon 05 00:00+0000  Wed 07 00:00+0000  Fri 09 00:00+0000
Mon 05 00:00+0000  Mon 19 00:00+0000  Mon 09 00:00+0000  Mon 23 00:00+0000
0 0 * * 7 in UTC after 2026-01-01
refused
Sun 04 00:00+0000  Sun 11 00:00+0000  Sun 18 00:00+0000  Sun 25 00:00+0000
Sun 04 00:00+0000  Sun 11 00:00+0000  Sun 18 00:00+0000  Sun 25 00:00+0000
0 0 * * sat-mon in UTC after 2026-01-01
refused
Sat 03 00:00+0000  Sun 04 00:00+0000  Mon 05 00:00+0000  Sat 10 00:00+0000
refused
SEEN
echo "as it was seen"
