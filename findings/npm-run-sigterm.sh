#!/usr/bin/env bash
# Whether a program that `npm run` started is stopped with npm depends on what /bin/sh is: with dash, Debian's and Ubuntu's, it is left behind.
#
# Versions: npm 11.21.2 and pnpm 10.34.9; dash and bash from the machine, which must have both (as /bin/dash and /bin/bash).
# Behaviour: npm passes a SIGTERM on to the shell in which it runs the script. bash has become the script's only command by then, which
# ends as it likes, and npm takes over its exit status. dash has not: it dies of the signal, npm with it, and the program goes on
# without a parent. `npm exec` and `pnpm run` do the same. With `exec` in the script both shells are alike.
# Seen: for each the exit status (negative: the signal that ended it), and whether the program had the signal or went on.
# What follows: write `exec node server.js` in scripts, or start node itself in a container.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix tools npm@11.21.2 pnpm@10.34.9
cat >package.json <<'JSON'
{"name": "finding", "version": "1.0.0", "private": true, "scripts": {"plain": "node program.js", "exec": "exec node program.js"}}
JSON
cat >program.js <<'JS'
const fs = require("fs");
process.on("SIGTERM", () => process.exit(7));
fs.writeFileSync("started.new", String(process.pid));
fs.renameSync("started.new", "started");
setTimeout(() => {}, 60000);
JS
cat >look.py <<'PYTHON'
import os
import pathlib
import signal
import subprocess
import time

started = pathlib.Path("started")


def goes_on(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


for shell in "dash", "bash":
    for runner in ["npm", "run", "plain"], ["npm", "run", "exec"], ["npm", "exec", "-c", "node program.js"], ["pnpm", "run", "plain"]:
        started.unlink(missing_ok=True)
        environment = {**os.environ, "npm_config_script_shell": f"/bin/{shell}"}
        with open("log", "w") as log:
            command = [f"tools/node_modules/.bin/{runner[0]}", *runner[1:]]
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        while not started.exists():
            assert process.poll() is None, pathlib.Path("log").read_text()
            time.sleep(0.1)
        program = int(started.read_text())
        process.terminate()
        status = process.wait(30)
        time.sleep(1)
        print(f"{shell}: {' '.join(runner)}:", status, "the program goes on" if goes_on(program) else "the program had it", flush=True)
        if goes_on(program):
            os.kill(program, signal.SIGKILL)
PYTHON
python3 look.py | tee seen
diff - seen <<'SEEN'
dash: npm run plain: -15 the program goes on
dash: npm run exec: 7 the program had it
dash: npm exec -c node program.js: -15 the program goes on
dash: pnpm run plain: -15 the program goes on
bash: npm run plain: 7 the program had it
bash: npm run exec: 7 the program had it
bash: npm exec -c node program.js: 7 the program had it
bash: pnpm run plain: 7 the program had it
SEEN
echo "as it was seen"
