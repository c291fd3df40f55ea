"""A run in a pod of the cluster: `python3 -m conformance.in_pod run --level core`. Its record goes out by the pod's log.

The log is what `conformance run --json` prints, and at the end each record, packed, as `record.packed` has it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path

from conformance import cli
from conformance.record.packed import packed
from conformance.run.header import IN_CLUSTER

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where kubelet puts an account's token and the certificate of who signs the API server's."""
GIVEN = Path("/given")
"""Where the file is that is to be checked; a mended one is written beside it, so a copy is checked."""


def kubeconfig(account: Path, host: str, port: str) -> str:
    """Return a kubeconfig with which the account's rights are used, in the context `IN_CLUSTER`."""
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    cluster = {"server": server, "certificate-authority": str(account / "ca.crt")}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": IN_CLUSTER, "cluster": cluster}],
            "users": [{"name": IN_CLUSTER, "user": {"tokenFile": str(account / "token")}}],
            "contexts": [{"name": IN_CLUSTER, "context": {"cluster": IN_CLUSTER, "user": IN_CLUSTER}}],
        }
    )


def main(words: list[str], work: Path) -> int:
    """Run what the words ask, as the pod's account, in a folder; print the record, and return the exit code."""
    config = work / "kubeconfig"
    config.write_text(kubeconfig(ACCOUNT, os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]))
    os.environ["KUBECONFIG"] = str(config)
    for file in GIVEN.glob("[!.]*"):
        shutil.copy(file, work)
    reports = work / "reports"
    sys.argv = ["conformance", *words, "--context", IN_CLUSTER, "--allow-privileged", "--json", "--reports", str(reports)]
    code = 0
    try:
        cli.main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it has cleaned up; what is left to do is to tell
    for record in sorted(reports.glob("[0-9]*/record.jsonl")):
        for line in packed(record.read_bytes()):
            print(line, flush=True)  # noqa: T201 -- the log is where it goes
    return code


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main(sys.argv[1:], Path.cwd()))
