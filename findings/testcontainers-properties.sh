#!/usr/bin/env bash
# Testcontainers for Node.js, Go and Python take different engines from one ~/.testcontainers.properties, and Python's does not look at `docker.host`.
#
# Versions: testcontainers 12.0.4 of npm; github.com/testcontainers/testcontainers-go v0.45.0; testcontainers 4.15.0 of Python; Java's own
# java.util.Properties, whose format the file has, beside them; Java, Node.js and Go from the machine.
# Behaviour: Properties writes `tcp\://` for `tcp://`. Go's takes the backslash away; Node.js' and Python's keep it, so that the address is none. A
# key may end at a colon or a blank: to those two the line is not there. A line that goes on in the next one is cut by Node.js'. Go's alone fills
# in `${HOME}`. Python's reads `tc.host` and not `docker.host`, and looks for an engine elsewhere without a word. `ryuk.disabled=on` is true for
# Go's alone. With `docker.tls.verify=true` in place of 1 Go's says that the file is invalid and goes on without any of it; Node.js' keeps "true".
# Guessed: that all read `docker.host` as Java does, but for the backslash, which Python's keeps.
# Seen: for each line what Java reads, and what each takes from it; `-` is nothing.
# What follows: write `key=value` without escapes in one line, and set DOCKER_HOST where Python's is used.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOPATH=$folder/go GOFLAGS="-modcacherw -trimpath"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check testcontainers==4.15.0
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts testcontainers@12.0.4
cat >look.go <<'GO'
package main

import (
	"cmp"
	"fmt"

	"github.com/testcontainers/testcontainers-go"
)

func main() {
	seen := testcontainers.ReadConfig().Config
	fmt.Printf("Go: docker.host %s, tc.host %s, ryuk.disabled %v, docker.tls.verify %v\n", cmp.Or(seen.Host, "-"), cmp.Or(seen.TestcontainersHost, "-"), seen.RyukDisabled, seen.TLSVerify)
}
GO
go mod init finding 2>/dev/null
go get github.com/testcontainers/testcontainers-go@v0.45.0 2>/dev/null
go build -o by-go .
cat >by-node.js <<'JS'
const { getContainerRuntimeConfig } = require('./node_modules/testcontainers/build/container-runtime/strategies/utils/config.js');
getContainerRuntimeConfig({}).then(({ dockerHost = '-', tcHost = '-', dockerTlsVerify = '-' }) =>
    console.log(`Node.js: docker.host ${dockerHost}, tc.host ${tcHost}, docker.tls.verify ${dockerTlsVerify}`));
JS
cat >by-python.py <<'PYTHON'
from testcontainers.core.config import TestcontainersConfiguration
from testcontainers.core.docker_client import get_docker_host

print(f"Python: engine {get_docker_host() or '-'}, ryuk.disabled {TestcontainersConfiguration().ryuk_disabled}")
PYTHON
cat >Look.java <<'JAVA'
import java.io.FileReader;
import java.io.StringWriter;
import java.util.Properties;

class Look {
    public static void main(String[] arguments) throws Exception {
        Properties properties = new Properties();
        if (arguments.length > 0) {
            properties.setProperty("docker.host", arguments[0]);
            StringWriter writer = new StringWriter();
            properties.store(writer, null);
            System.out.println(writer.toString().lines().skip(1).findFirst().get());
            return;
        }
        properties.load(new FileReader(".testcontainers.properties"));
        System.out.println("Java: " + properties);
    }
}
JAVA
mkdir classes
javac -d classes Look.java
export HOME=$folder
unset "${!DOCKER@}" "${!TESTCONTAINERS@}" "${!TC@}"
# shellcheck disable=SC2016 # ${HOME} is for the readers
for lines in "$(java -cp classes Look tcp://10.0.0.1:2375)" 'docker.host: tcp://10.0.0.1:2375' 'docker.host tcp://10.0.0.1:2375' 'docker.host=tcp://\
    10.0.0.1:2375' 'docker.host=unix://${HOME}/docker.sock' 'tc.host=tcp\://10.0.0.1\:2375' 'tc.host: tcp://10.0.0.1:2375' 'tc.host=tcp://10.0.0.1:2375' \
    'ryuk.disabled=on' 'docker.tls.verify=true'; do
    echo "$lines"
    echo "$lines" >.testcontainers.properties
    {
        java -cp classes Look
        ./by-go 2>/dev/null
        node by-node.js
        venv/bin/python by-python.py
    } | sed "s,$folder,HOME,; s/^/        /"
done | tee seen
diff - seen <<'SEEN'
docker.host=tcp\://10.0.0.1\:2375
        Java: {docker.host=tcp://10.0.0.1:2375}
        Go: docker.host tcp://10.0.0.1:2375, tc.host -, ryuk.disabled false, docker.tls.verify 0
        Node.js: docker.host tcp\://10.0.0.1\:2375, tc.host -, docker.tls.verify -
        Python: engine -, ryuk.disabled False
docker.host: tcp://10.0.0.1:2375
        Java: {docker.host=tcp://10.0.0.1:2375}
        Go: docker.host tcp://10.0.0.1:2375, tc.host -, ryuk.disabled false, docker.tls.verify 0
        Node.js: docker.host -, tc.host -, docker.tls.verify -
        Python: engine -, ryuk.disabled False
docker.host tcp://10.0.0.1:2375
        Java: {docker.host=tcp://10.0.0.1:2375}
        Go: docker.host tcp://10.0.0.1:2375, tc.host -, ryuk.disabled false, docker.tls.verify 0
        Node.js: docker.host -, tc.host -, docker.tls.verify -
        Python: engine -, ryuk.disabled False
docker.host=tcp://\
    10.0.0.1:2375
        Java: {docker.host=tcp://10.0.0.1:2375}
        Go: docker.host tcp://10.0.0.1:2375, tc.host -, ryuk.disabled false, docker.tls.verify 0
        Node.js: docker.host tcp://\, tc.host -, docker.tls.verify -
        Python: engine -, ryuk.disabled False
docker.host=unix://${HOME}/docker.sock
        Java: {docker.host=unix://${HOME}/docker.sock}
        Go: docker.host unix://HOME/docker.sock, tc.host -, ryuk.disabled false, docker.tls.verify 0
        Node.js: docker.host unix://${HOME}/docker.sock, tc.host -, docker.tls.verify -
        Python: engine -, ryuk.disabled False
tc.host=tcp\://10.0.0.1\:2375
        Java: {tc.host=tcp://10.0.0.1:2375}
        Go: docker.host -, tc.host tcp://10.0.0.1:2375, ryuk.disabled false, docker.tls.verify 0
        Node.js: docker.host -, tc.host tcp\://10.0.0.1\:2375, docker.tls.verify -
        Python: engine tcp\://10.0.0.1\:2375, ryuk.disabled False
tc.host: tcp://10.0.0.1:2375
        Java: {tc.host=tcp://10.0.0.1:2375}
        Go: docker.host -, tc.host tcp://10.0.0.1:2375, ryuk.disabled false, docker.tls.verify 0
        Node.js: docker.host -, tc.host -, docker.tls.verify -
        Python: engine -, ryuk.disabled False
tc.host=tcp://10.0.0.1:2375
        Java: {tc.host=tcp://10.0.0.1:2375}
        Go: docker.host -, tc.host tcp://10.0.0.1:2375, ryuk.disabled false, docker.tls.verify 0
        Node.js: docker.host -, tc.host tcp://10.0.0.1:2375, docker.tls.verify -
        Python: engine tcp://10.0.0.1:2375, ryuk.disabled False
ryuk.disabled=on
        Java: {ryuk.disabled=on}
        Go: docker.host -, tc.host -, ryuk.disabled true, docker.tls.verify 0
        Node.js: docker.host -, tc.host -, docker.tls.verify -
        Python: engine -, ryuk.disabled False
docker.tls.verify=true
        Java: {docker.tls.verify=true}
        invalid testcontainers properties file, returning an empty Testcontainers configuration: strconv.ParseInt: parsing "true": invalid syntax
        Go: docker.host -, tc.host -, ryuk.disabled false, docker.tls.verify 0
        Node.js: docker.host -, tc.host -, docker.tls.verify true
        Python: engine -, ryuk.disabled False
SEEN
echo "as it was seen"
