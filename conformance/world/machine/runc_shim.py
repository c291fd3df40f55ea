"""An OCI runtime in front of runc that takes CAP_SYS_RESOURCE out of what a container asks for.

Used as the default runtime of the machine's own dockerd, and only on a machine whose processes cannot have
that capability: there `docker run --privileged`, and `docker exec` into a privileged container, otherwise
fail with "unable to apply caps: operation not permitted". Arguments: the runc to run, then runc's own.
Standard library only, no import of this package: it is started for every container operation.
"""

import json
import os
import sys

DROPPED = "CAP_SYS_RESOURCE"


def without(document: dict) -> bool:  # type: ignore[type-arg]
    """Take the capability out of a config.json or a --process document; say whether it was there."""
    process = document.get("process", document)
    changed = False
    for kind, names in (process.get("capabilities") or {}).items():
        if names and DROPPED in names:
            process["capabilities"][kind] = [name for name in names if name != DROPPED]
            changed = True
    return changed


def edit(path: str) -> None:
    """Rewrite the JSON file in place if it asks for the capability."""
    with open(path, encoding="utf-8") as source:
        document = json.load(source)
    if without(document):
        with open(path, "w", encoding="utf-8") as target:
            json.dump(document, target)


def value(arguments: list, *options: str) -> str:  # type: ignore[type-arg]
    """Return the value of `--option VALUE` or `--option=VALUE`, or ''."""
    for place, argument in enumerate(arguments):
        for option in options:
            if argument == option and place + 1 < len(arguments):
                return str(arguments[place + 1])
            if argument.startswith(option + "="):
                return str(argument[len(option) + 1 :])
    return ""


def main() -> None:
    """Edit what this call will read, then become runc."""
    runc, arguments = sys.argv[1], sys.argv[2:]
    if "create" in arguments or "run" in arguments:
        edit(os.path.join(value(arguments, "--bundle", "-b") or ".", "config.json"))
    elif "exec" in arguments:
        process = value(arguments, "--process", "-p")
        if process:
            edit(process)
    os.execv(runc, [runc, *arguments])


if __name__ == "__main__":
    main()
