"""A leg: an approach deployed once. What a run substitutes in its manifest, and the diff."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import yaml
from attrs import evolve, field, frozen

from conformance.approaches.catalogue import GRAPH, Approach, container
from conformance.cluster.api import Object, pods_path
from conformance.cluster.leases import RUN_LABEL
from conformance.cluster.pods import containers, every_container
from conformance.evidence.items import redact
from conformance.legs.variations import Variation, clients_of, vary
from conformance.record.names import REPEAT, leg_name

LEG_LABEL = "conformance/leg"
LONGEST = 63
"""Characters that the name of a namespace may have (RFC 1123 label)."""
NONCE, NAMESPACE, PORT = "$(NONCE)", "$(NAMESPACE)", "$(PORT)"
"""Variables in a manifest's volumes, and in what stands beside its pod: the leg's own, as those of the client's container are."""

JOB = "-job"
"""What the nonces of several pods have in them that ask for the same, before the number of each."""
OWN_PORTS = (0, 1, 3)
"""Which of a leg's ports its child publishes, and those of two more such pods: the third of the four is what all ask for."""


@frozen
class Leg:
    """One deployment: everything that identifies it, before anything is created."""

    run: str
    approach: Approach
    variation: Variation
    nonce: str
    port: int
    node: str = ""
    images: Mapping[str, str] = field(factory=dict)
    """Public name -> the reference to use in its place, where the user gave one."""
    repeat: int = 1
    """Which deployment of the same leg in this run, from 1."""
    second: bool = False
    """Whether this is the twin of another pod of the same leg."""
    job: int = 1
    """Which of several pods of the leg this is that ask for the same, from 1."""
    engine: str = ""
    """The address of the engine that the leg's client talks to, where that is one in a pod beside the leg's."""
    graph: str = ""
    """The claim of the volume that holds the engine's graph, where that outlives the pod."""

    @property
    def twin(self) -> Leg | None:
        """Return the leg's second pod, with a nonce and a port of its own, where its variation has two."""
        if self.second or not (self.variation.twins or self.variation.in_a_row):
            return None
        return evolve(self, nonce=f"{self.nonce}-second", port=self.port + 1, second=True)

    def another(self, job: int) -> Leg:
        """Return another pod of the leg, the second or the third, with a nonce and a port of its own."""
        return evolve(self, nonce=f"{self.nonce}{JOB}{job}", port=self.port + OWN_PORTS[job - 1], job=job)

    @property
    def name(self) -> str:
        """Return the leg's name within its run, e.g. 'dind.detached', and 'dind.detached~2' when it is repeated."""
        return leg_name(self.approach.name, self.variation.name, self.repeat)

    @property
    def namespace(self) -> str:
        """Return the leg's own namespace; one whose name would be too long ends in a digest of it."""
        name = f"conformance-{self.run}-{self.name.replace('.', '-').replace(REPEAT, '-')}"
        return name if len(name) <= LONGEST else f"{name[: LONGEST - 9]}-{sha256(name.encode()).hexdigest()[:8]}"

    @property
    def pod_name(self) -> str:
        """Return the name of the leg's pod, which is the manifest's."""
        which = "-second" if self.second else f"-{self.job}" if self.job > 1 else ""
        return str(self.approach.manifest["metadata"]["name"]) + which

    @property
    def pod_path(self) -> str:
        """Return where the API server has the leg's pod."""
        return pods_path(self.namespace, self.pod_name)

    @property
    def spare_port(self) -> int:
        """Return a port that nothing of the run publishes; the one after it is spare, too."""
        return self.port + 2

    @property
    def labels(self) -> dict[str, str]:
        """Return the labels of everything that is made for the leg."""
        return {RUN_LABEL: self.run, LEG_LABEL: self.name.replace(REPEAT, "_")}  # a label's value takes no tilde

    def pod(self) -> Object:
        """Return the manifest as deployed: the approach's, the variation, and the run's substitutions."""
        pod = copy.deepcopy(self.approach.manifest)
        if self.approach.proven:
            pod = vary(pod, self.approach, self.variation)
        if pod["spec"].get("volumes"):
            pod["spec"]["volumes"] = [self._filled(each) if self._ours(each) else each for each in pod["spec"]["volumes"]]
        pod["metadata"].update(name=self.pod_name, namespace=self.namespace)
        pod["metadata"].pop("finalizers", None)  # who would take one away knows nothing of the leg's pod, which never goes then
        if self.node:
            placed = {key: value for key, value in pod["spec"].items() if key not in OF_PLACING}
            pod["spec"] = placed | {"affinity": only_on(self.node)}
        if self.graph:
            _keep(pod, self.approach, self.graph)
        for each in every_container(pod):
            if "image" in each:
                each["image"] = self.images.get(each["image"], each["image"])
        for volume in pod["spec"].get("volumes", []):
            if "image" in volume:
                volume["image"]["reference"] = self.images.get(volume["image"]["reference"], volume["image"]["reference"])
        if not self.variation.over_api:  # a pod that is checked is the user's own: its words are not ours to fill in
            self._fill(pod)
        return pod

    def _fill(self, pod: Object) -> None:
        """Fill the leg's nonce, port, images and engine into an approach's pod, and add the clients of its further children."""
        pod["spec"].setdefault("volumes", [])
        for each in containers(pod):
            if "command" in each and not self.approach.marks_image:
                each["command"] = [self.images.get(word, word) for word in each["command"]]
            for variable in each.get("env", []):
                if variable["name"] in ("NONCE", "PORT"):
                    variable["value"] = {"NONCE": self.nonce, "PORT": str(self.port)}[variable["name"]]
            for port in each.get("ports", []):
                port.update({key: self.port for key, value in port.items() if value == PORT})  # text is none to the API server
        if self.engine:
            container(pod, self.approach.client)["env"].append({"name": "DOCKER_HOST", "value": f"tcp://{self.engine}"})
        pod["spec"]["containers"] += clients_of(self.variation.further, container(pod, self.approach.client))

    def beside(self) -> list[Object]:
        """Return what else the approach's file has, as deployed: in the leg's namespace, with its labels, pods on its node."""
        beside = self.approach.beside
        filled: list[Object] = [self._filled(each) if self._ours(each) else copy.deepcopy(each) for each in beside]
        for each in filled:
            each["metadata"] |= {"labels": {**each["metadata"].get("labels", {}), **self.labels}, "namespace": self.namespace}
            if each["kind"] == "Pod" and self.node:
                each["spec"]["affinity"] = only_on(self.node)
        return filled

    def _ours(self, part: Object) -> bool:
        """Return whether a volume, or an object beside the pod, is ours to fill in: of a pod that is checked, what stands in."""
        mine = "PersistentVolume" in str(part.get("kind")) or part in self.approach.volumes.values()
        return mine or not self.variation.over_api

    def _filled(self, written: Any) -> Any:  # noqa: ANN401 -- any JSON
        """Return what a manifest has with the leg's own nonce, namespace and port in their variables' places."""
        if isinstance(written, dict):
            return {key: self._filled(value) for key, value in written.items()}
        if isinstance(written, list):
            return [self._filled(value) for value in written]
        if not isinstance(written, str):
            return written
        return written.replace(NONCE, self.nonce).replace(NAMESPACE, self.namespace).replace(PORT, str(self.port))

    @property
    def places(self) -> list[str]:
        """Return the directories of the node that are the leg's own: those named as its namespace is."""
        specs = [each.get("spec", {}) for each in (self.pod(), *self.beside())]
        mounted = [*specs, *(volume for spec in specs for volume in spec.get("volumes", []))]
        paths = {each["hostPath"]["path"] for each in mounted if "hostPath" in each}
        own = (f"{path}/".partition(f"/{self.namespace}/") for path in paths)
        return sorted({f"{above}/{self.namespace}" for above, named, _ in own if named})

    def step(self, *arguments: str) -> Object:
        """Return the spec of a pod of the same approach whose client runs `docker` with these arguments, and ends.

        What has ended well is not restarted, and it has no grace: what it leaves running is what is looked at. A container that
        the node's runtime did not start is (`cluster.pods.NOT_FROZEN`): else its pod would wait for it for good.
        """
        spec: Object = self.pod()["spec"]
        client = container({"spec": spec}, self.approach.client)
        client["command"] = [*client["command"][: client["command"].index("docker") + 1], *arguments]
        return {**spec, "restartPolicy": "OnFailure", "terminationGracePeriodSeconds": 0}

    def diff(self) -> str:
        """Return what a run changed in the approach's manifest, as a unified diff of the two as YAML, without secrets."""
        before, after = (
            yaml.safe_dump(redact(pod), sort_keys=False, width=120).splitlines(keepends=True)
            for pod in (self.approach.manifest, self.pod())
        )
        return "".join(difflib.unified_diff(before, after, self.approach.file, self.name, n=1))


OF_PLACING = ("schedulerName", "topologySpreadConstraints")
"""What else of a pod says where it goes. One that is to be on one node needs no scheduler of the user's, which may be away."""


def only_on(node: str) -> Object:
    """Return the affinity to one node by its name, as a DaemonSet's pods have it: the scheduler still has its say."""
    terms = [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}]
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}


def _keep(pod: Object, approach: Approach, claim: str) -> None:
    """Put a volume that is claimed in the place of the emptyDir that holds the graph of the pod's own engine."""
    mounts = container(pod, approach.daemon)["volumeMounts"]
    graph = next(mount["name"] for mount in mounts if mount["mountPath"] == GRAPH)
    kept = {"name": graph, "persistentVolumeClaim": {"claimName": claim}}
    volumes = pod["spec"]["volumes"]
    pod["spec"]["volumes"] = [kept if volume["name"] == graph and "emptyDir" in volume else volume for volume in volumes]
