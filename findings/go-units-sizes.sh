#!/usr/bin/env bash
# docker/go-units, which writes Docker's sizes, writes those just below a unit with an exponent: "1e+03kB".
#
# Version: github.com/docker/go-units v0.5.0; Go from the machine.
# Behaviour: a size of three digits, as the Docker client prints for images and traffic, is rounded after its unit was chosen. From
# 999500 bytes to the megabyte it is "1e+03kB", and so below each other unit. What is written with four digits says "1000kB" there.
# In units of 1024 there is no exponent: "1024KiB". The library reads its own exponent back.
# Seen: the lines at the end.
# What follows: who reads such a column with a pattern of digits and a point loses the exponent; ask for JSON with bytes instead.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH=$folder/go GOFLAGS=-modcacherw
cat >look.go <<'GO'
package main

import (
	"fmt"

	"github.com/docker/go-units"
)

func main() {
	for _, size := range []float64{999499, 999500, 999999, 1000000, 999600000} {
		three := units.HumanSizeWithPrecision(size, 3)
		back, err := units.FromHumanSize(three)
		fmt.Println(int(size), three, units.HumanSize(size), units.BytesSize(size), "and back:", back, err)
	}
	fmt.Println(1048575, units.BytesSize(1048575))
}
GO
go mod init finding 2>/dev/null
go get github.com/docker/go-units@v0.5.0 2>/dev/null
go build -o look .
./look | tee seen
diff - seen <<'SEEN'
999499 999kB 999.5kB 976.1KiB and back: 999000 <nil>
999500 1e+03kB 999.5kB 976.1KiB and back: 1000000 <nil>
999999 1e+03kB 1000kB 976.6KiB and back: 1000000 <nil>
1000000 1MB 1MB 976.6KiB and back: 1000000 <nil>
999600000 1e+03MB 999.6MB 953.3MiB and back: 1000000000 <nil>
1048575 1024KiB
SEEN
echo "as it was seen"
