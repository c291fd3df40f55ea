"""What is checked: the user's pod as an approach, and what was found out about it, and added to it, in words."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from attrs import evolve, frozen

from conformance.approaches.catalogue import Approach
from conformance.check.manifest import described
from conformance.check.mend import Mend, mend
from conformance.check.questions import QUESTIONS
from conformance.check.roles import Roles, roles
from conformance.check.source import Source
from conformance.check.standins import stand_in_paths, stand_ins
from conformance.cluster.api import Object
from conformance.cluster.pods import containers, every_container
from conformance.errors import UsageError
from conformance.evidence.items import redact
from conformance.record.names import CHECKED, MENDED


@frozen
class Subject:
    """A pod to be checked, and what is known to mend it, or why nothing is."""

    approach: Approach
    words: str
    """Which object of which file it is."""
    reasons: tuple[str, ...]
    """Who is the client, who the engine, where it answers: a sentence each, with why."""
    stood_in: tuple[str, ...]
    """What it names that is made for it."""
    file: Path
    command: str
    """What follows `conformance check` on the command line."""
    of_copy: str
    """The same where its text is the file `copy_name` in the folder that the command is given in."""
    mend: Mend | str
    judges_mend: bool = False
    """Whether the mended pod is judged beside it."""

    @classmethod
    def of(cls, source: Source, asked: Roles, *, keep_command: bool = False, mended: bool = False) -> Subject:
        """Return the pod that is described; what `asked` names settles who is who.

        Raises `UsageError` where there is no pod, no engine is found in it, or it is to be mended and cannot.
        """
        try:
            return cls._of(source, asked, keep_command=keep_command, mended=mended)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError) as odd:
            sentence = f"{source.name} has no pod as Kubernetes has them: {type(odd).__name__}: {odd}."
            raise UsageError(sentence, "kubectl apply --dry-run=server -f FILE says what the API server makes of it") from odd

    @classmethod
    def _of(cls, source: Source, asked: Roles, *, keep_command: bool, mended: bool) -> Subject:
        read, file = described(source.text, source.name), source.file
        settled = {"client": asked.client, "engine": asked.engine, "socket": asked.socket}
        who = roles(read.pod, source.name, **settled, others=read.others)
        known = mend(read, who)
        if mended and _mended_file(file).exists():
            raise UsageError(f"{_mended_file(file)} is there already, and --mend would write it.", "move it away")
        if mended and isinstance(known, str):
            raise UsageError(f"{source.name} cannot be mended: {known}.", "check it without --mend")
        words = f"{read.words} of {source.within}"
        objects, lines = stand_ins(read.pod, read.others)
        volumes, paths = stand_in_paths(read.pod, who.engine, who.socket)
        approach = Approach(
            name=CHECKED,
            title=words,
            client=who.client,
            daemon=who.engine,
            port=who.port,
            certificates=who.certificates,
            granted=granted(read.pod, who.engine),
            manifest=read.pod,
            text=source.text,
            socket=who.socket if who.engine else "",
            beside=tuple(objects),
            file=source.place,
            volumes=volumes,
            keeps_command=keep_command,
        )
        options: list[str] = []
        for option, value in (("--client", asked.client), ("--engine", asked.engine), ("--socket", asked.socket)):
            options += [option, value] if value else []
        options += ["--keep-command"] * keep_command + ["--mend"] * mended
        command, of_copy = (" ".join([which, *map(shlex.quote, options)]) for which in (source.command, _copy_name(file)))
        return cls(approach, words, who.why, (*lines, *paths), file, command, of_copy, known, mended)

    @property
    def copy_name(self) -> str:
        """Return what a copy of its text is called: as its file, in the characters that a key of a ConfigMap may have."""
        return _copy_name(self.file)

    def write_mended(self) -> Path:
        """Write the file's objects with the mend beside the file; return where. Raises `OSError`, `UsageError` without a mend."""
        if isinstance(self.mend, str):
            raise UsageError(f"{self.file} cannot be mended: {self.mend}.")
        self.mend.write(_mended_file(self.file))
        return _mended_file(self.file)

    @property
    def approaches(self) -> list[Approach]:
        """Return what is deployed: the pod, and beside it the mended one where that is judged, too."""
        if not self.judges_mend or isinstance(self.mend, str):
            return [self.approach]
        own, mended = self.approach, self.mend
        changed = evolve(own, name=MENDED, title=f"{own.title}, mended", manifest=mended.pod, finds_parent=mended.lines)
        return [own, evolve(changed, granted=granted(mended.pod, own.daemon))]

    @property
    def images(self) -> list[str]:
        """Return the images of the pod, each of which the user may replace."""
        return sorted({str(each.get("image", "")) for each in every_container(self.approach.manifest)})

    def lines(self) -> list[str]:
        """Return what is said before a run: which pod, who is who, and what stands in for what it names."""
        return [f"{self.words} is checked.", *(f"  {line}" for line in (*self.reasons, *self.stood_in))]

    def as_line(self) -> Object:
        """Return it as a record has it: which pod, the manifest, who is who, what stands in for what it names, what mends it."""
        own, known = self.approach, self.mend
        return {
            "pod": self.words,
            "client": own.client,
            "engine": own.daemon,
            "socket": own.socket,
            "found": [*self.reasons],
            "stood_in": [*self.stood_in],
            "manifest": redact(own.manifest),
            "questions": [each.as_line() for each in QUESTIONS],
            "mend": {"why_not": known} if isinstance(known, str) else known.as_line(),
        }


def _copy_name(file: Path) -> str:
    return re.sub(r"[^-.\w]", "-", file.name, flags=re.ASCII)


def _mended_file(file: Path) -> Path:
    return file.with_name(f"{file.stem}.mended.yaml")


def granted(pod: Object, engine: str) -> tuple[str, ...]:
    """Return what a pod asks to be granted beyond an ordinary one, in words."""
    spec = pod["spec"]
    words = [f"the node's {what}" for field, what in HOSTS.items() if spec.get(field)]
    for each in containers(pod):
        security = each.get("securityContext") or {}
        role = " (the engine)" if each["name"] == engine else ""
        if security.get("privileged"):
            words.append(f"a privileged container (all capabilities, all devices): {each['name']}{role}")
        elif added := (security.get("capabilities") or {}).get("add"):
            words.append(f"capabilities {', '.join(added)}: {each['name']}{role}")
    paths = sorted(volume["hostPath"]["path"] for volume in spec.get("volumes") or [] if volume.get("hostPath"))
    return (*words, *(f"hostPath {path}" for path in paths))


HOSTS = {"hostNetwork": "network", "hostPID": "PID namespace", "hostIPC": "IPC namespace"}
"""Fields of a pod with which it is in a namespace of its node."""
