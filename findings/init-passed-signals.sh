#!/usr/bin/env bash
# tini, which is `docker run --init`, and catatonit, which is Podman's, keep SIGABRT to themselves: a program behind them that is to dump its stack
# or its core does not hear of it. dumb-init makes a SIGSTOP of SIGTSTP.
#
# Versions: tini 0.19.0-1+b3, dumb-init 1.2.5-2, catatonit 0.1.7-1+b2 of Debian bookworm; Python and util-linux from the machine. Needs root, for a
# PID namespace in which each init is process 1, as in a container.
# Behaviour: what a process that fails would get from the kernel (ILL, TRAP, ABRT, BUS, FPE, SEGV, SYS) is not passed on by tini and catatonit,
# whoever sent it, and as process 1 they do not end of it either: the signal is gone. dumb-init passes each of them on. All three pass on
# the signals for real time, as SIGRTMIN+3, with which systemd in a container is stopped. Of TSTP, TTIN and TTOU, which a terminal sends,
# tini passes on the first, catatonit none. dumb-init stops the program with SIGSTOP, for which it cannot have a handler, and until SIGCONT
# it hears no SIGTERM either; with `-c` dumb-init passes on what came.
# Guessed: that dumb-init passes on no signal for real time, and at SIGTSTP stops itself and not the program; of SIGABRT nothing was guessed.
# Seen: for each init the signals that the program did not get, and whether it was stopped.
# What follows: send a signal that is to dump to the program itself, or choose one, as USR1 or QUIT, that all pass on.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq download tini=0.19.0-1+b3 dumb-init=1.2.5-2 catatonit=0.1.7-1+b2 2>/dev/null
for package in ./*.deb; do dpkg-deb -x "$package" unpacked; done
cat >program.py <<'PYTHON'
import signal

every = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
signal.pthread_sigmask(signal.SIG_BLOCK, every)
print("ready", flush=True)
while True:
    print(signal.sigwaitinfo(every).si_signo, flush=True)
PYTHON
cat >look.py <<'PYTHON'
import os
import pathlib
import select
import signal
import subprocess
import sys

STOPS = [signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU]


def children(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def heard(output):
    return os.read(output.fileno(), 100).split() if select.select([output], [], [], 0.5)[0] else []


def lost(command):
    """The names of the signals that the program behind an init did not get, in the order of their numbers, those that stop last."""
    namespace = ["unshare", "--pid", "--fork", "--kill-child", *command, sys.executable, "-SE", "program.py"]
    names = []
    with subprocess.Popen(namespace, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True) as started:
        if started.stdout.readline() != b"ready\n":
            raise SystemExit(f"{command}: the program did not start")
        init = children(started.pid)[0]
        program = children(init)[0]
        others = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD, *STOPS}
        for number in [*sorted(map(int, others)), *STOPS]:
            os.kill(init, number)
            if heard(started.stdout) != [str(int(number)).encode()]:
                state = pathlib.Path(f"/proc/{program}/stat").read_text().rpartition(")")[2].split()[0]
                names.append(signal.Signals(number).name + (" (stopped)" if state == "T" else ""))
                os.kill(program, signal.SIGCONT)
                heard(started.stdout)
        started.kill()
    return names


for init in (["tini", "--"], ["catatonit", "--"], ["dumb-init"], ["dumb-init", "-c"]):
    print(*init, ":", ", ".join(lost(["unpacked/usr/bin/" + init[0], *init[1:]])) or "none is lost")
PYTHON
python3 look.py | tee seen
diff - seen <<'SEEN'
tini -- : SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS, SIGTTIN, SIGTTOU
catatonit -- : SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS, SIGTSTP, SIGTTIN, SIGTTOU
dumb-init : SIGTSTP (stopped), SIGTTIN (stopped), SIGTTOU (stopped)
dumb-init -c : none is lost
SEEN
echo "as it was seen"
