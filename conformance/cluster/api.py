"""The one place that talks to the API server. Objects are plain dicts, as the server sent them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.answers import without_nulls
from conformance.errors import NoCluster, RigError, TimedOut
from conformance.timeouts import TIMEOUTS

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

Object = dict[str, Any]
FORBIDDEN, GONE, EXISTS = 403, 404, 409
NAMESPACES = "/api/v1/namespaces"
ALL_PODS = "/api/v1/pods"
"""Of a cluster; `pods_path` is those of a namespace."""
NODES = "/api/v1/nodes"
VOLUMES = "/api/v1/persistentvolumes"


def namespaced(namespace: str, *parts: str) -> str:
    """Return the path of a namespace, or of what is in it: of a collection, or of an object of one."""
    return "/".join((NAMESPACES, namespace, *parts))


def pods_path(namespace: str, name: str = "") -> str:
    """Return the path of a namespace's pods, or of one of them."""
    return namespaced(namespace, "pods", *([name] if name else []))


class Cluster:
    """A cluster by its kubeconfig. Each thread gets a client of its own: the official client is not thread-safe."""

    def __init__(self, kubeconfig: Path | None, user_agent: str = "conformance", context: str = "") -> None:
        """Keep the path (None: the user's own kubeconfig) and the context ("": the current one); nothing is asked yet."""
        # Loaded now, and by nobody who has no cluster: not at the first question, which a leg may be timing.
        from kubernetes.config import new_client_from_config

        self._client_of = new_client_from_config
        self.kubeconfig = kubeconfig
        self.context = context
        self.user_agent = user_agent
        self._threads = threading.local()

    @property
    def api(self) -> ApiClient:
        """Return this thread's client. Raises `NoCluster` if the kubeconfig cannot be used."""
        from kubernetes.config.config_exception import ConfigException

        if not hasattr(self._threads, "api"):
            try:
                file = str(self.kubeconfig) if self.kubeconfig else None
                with _making:
                    client = self._client_of(file, self.context or None)
            except (ConfigException, OSError, ValueError) as broken:
                raise NoCluster(f"The kubeconfig of the cluster cannot be used: {broken}.", "conformance up") from broken
            client.user_agent = self.user_agent
            client.configuration.retries = 0
            self._threads.api = client
        return self._threads.api

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        timeout: float = 0,
        stream: bool = False,
    ) -> Any:  # noqa: ANN401 -- the server's JSON, or an open response
        """Send one request and return the decoded JSON (or, with `stream`, the open response).

        Raises `Refused` with the server's words, `NoCluster` if it does not answer.
        """
        from urllib3.exceptions import HTTPError

        sent = {"Accept": "*/*" if stream else "application/json", "Content-Type": "application/json", **(headers or {})}
        call = self.api.param_serialize(
            method, path, query_params=list((query or {}).items()), header_params=sent, body=body, auth_settings=["BearerToken"]
        )
        try:
            # Read time-outs are between two bytes, so an open stream must beat more often than that.
            response = self.api.call_api(*call[:4], _request_timeout=(TIMEOUTS.api, timeout or TIMEOUTS.api)).response
            if response.status >= FIRST_FAILURE:
                raise _refusal(response.status, response.data)
            return response if stream else json.loads(response.data or b"{}")
        except HTTPError as silent:
            why = str(getattr(silent, "reason", silent)).rpartition(": ")[2].rstrip(".")  # without pool, host and port
            raise NoCluster(
                f"The API server does not answer: {why}.",
                "look at the cluster with `conformance doctor`; `conformance up` makes it anew if it is ours",
            ) from silent

    def read(self, path: str, **query: str) -> Object:
        """Return an object or a list. Raises `Refused` where it is not there."""
        return dict(without_nulls(self.request("GET", path, query=query)))

    def get(self, path: str, **query: str) -> Object | None:
        """Return an object, or None if there is none."""
        try:
            return self.read(path, **query)
        except Refused as refused:
            if refused.status == GONE:
                return None
            raise

    def items(self, path: str, **query: str) -> list[Object]:
        """Return the objects of a list."""
        return list(self.read(path, **query).get("items", []))

    def each(self, path: str, **query: str) -> Iterator[Object]:
        """Yield the objects of a list that may be long, and hold `PAGE` of them at a time."""
        part = self.read(path, limit=str(PAGE), **query)
        yield from part.get("items") or []
        while token := part["metadata"].get("continue"):
            part = self.read(path, limit=str(PAGE), **query, **{"continue": token})
            yield from part.get("items") or []

    def create(self, path: str, body: Object, **query: str) -> Object:
        """Create an object in the collection at `path`."""
        return dict(without_nulls(self.request("POST", path, body, query=query)))

    def delete(self, path: str, grace: int | None = None) -> bool:
        """Ask for an object's deletion; return whether it was there."""
        body: Object = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
        if grace is not None:
            body["gracePeriodSeconds"] = grace
        try:
            self.request("DELETE", path, body)
        except Refused as refused:
            if refused.status == GONE:
                return False
            raise
        return True

    def log(self, pod: str, container: str, *, lines: int, previous: bool = False) -> str:
        """Return the last lines of the log of a container of the pod at this path, of its start before the present one if told.

        Where the runtime has cleared that container away, the server answers 200 all the same, with one of `CLEARED`
        as the log. Raises `Refused` (400) where no such start has ended, or none begun.
        """
        query = {"container": container, "tailLines": str(lines), "previous": str(previous).lower()}
        answer: bytes = self.request("GET", f"{pod}/log", query=query, stream=True).data
        return answer.decode(errors="replace")

    def follow(self, pod: str, container: str, *, timeout: float) -> Iterator[str]:
        """Yield the lines of a container's log from its first on, as they are written, until it ends.

        Raises `Silent` where the log breaks off, or says nothing for `timeout` seconds.
        """
        query = {"container": container, "follow": "true"}
        response = self.request("GET", f"{pod}/log", query=query, timeout=timeout, stream=True)
        try:
            yield from (line.decode(errors="replace") for line in texts(response))
        finally:
            response.close()

    def wait(
        self, what: str, collection: str, name: str, arrived: Callable[[Object | None], bool], *, seconds: float
    ) -> Object | None:
        """Watch one object until `arrived` says so of it (None: it is not there), and return it.

        Looks first, then watches; a watch that ends silently is opened again from a fresh look, so no event
        is missed. `arrived` raises to stop early. Raises `TimedOut` with the object's last status.
        """
        end = time.monotonic() + seconds
        while True:
            item = self.get(f"{collection}/{name}")
            if arrived(item):
                return item
            left = end - time.monotonic()
            if left <= 0:
                raise TimedOut(what, seconds, describe(item))
            version = item["metadata"]["resourceVersion"] if item else "0"
            for event in self._events(collection, version, left, fieldSelector=f"metadata.name={name}"):
                item = None if event["type"] == "DELETED" else event["object"]
                if event["type"] == "ERROR":
                    break
                if arrived(item):
                    return item

    def wait_each(
        self, what: str, collection: str, names: Iterable[str], arrived: Callable[[str, Object | None], bool],
        *, selector: str, seconds: float,
    ) -> None:  # fmt: skip
        """Watch the objects with such labels until `arrived` has said so of each of these names (None: it is not there).

        As `wait` does of one, with one list and one watch for all of them. Raises `TimedOut` with the last status of one.
        """
        waiting, end = set(names), time.monotonic() + seconds
        while waiting:
            read = self.read(collection, labelSelector=selector)
            there = {item["metadata"]["name"]: item for item in read.get("items") or []}
            waiting = {name for name in waiting if not arrived(name, there.get(name))}
            left = end - time.monotonic()
            if waiting and left <= 0:
                name, more = min(waiting), len(waiting) - 1
                raise TimedOut(what, seconds, f"{name}: {describe(there.get(name))}" + (f"; and {more} more" if more else ""))
            version = read["metadata"]["resourceVersion"]
            for event in self._events(collection, version, left, labelSelector=selector) if waiting else ():
                name = event["object"].get("metadata", {}).get("name", "")
                if name in waiting and arrived(name, None if event["type"] == "DELETED" else event["object"]):
                    waiting.remove(name)
                if event["type"] == "ERROR" or not waiting:
                    break

    def _events(self, collection: str, version: str, left: float, **selector: str) -> Iterator[Object]:
        seconds = max(1, min(WATCH_SECONDS, int(left)))
        query = {"watch": "1", **selector, "resourceVersion": version, "timeoutSeconds": str(seconds)}
        response = self.request("GET", collection, query=query, timeout=min(left, seconds) + 1, stream=True)
        try:
            yield from map(without_nulls, lines(response))
        except Silent:
            return  # bounded on both ends: look again
        finally:
            response.close()


WATCH_SECONDS = 20
PAGE = 500
"""Objects of a long list that are asked for at once: as kubectl does."""
FIRST_FAILURE = 400
CLEARED = ("unable to retrieve container logs for ", "failed to try resolving symlinks in path ", "failed to open log file ")
"""How kubelet says, in place of a log, that the container is gone, or its log before it (kubernetes pkg/kubelet/kuberuntime,
GetContainerLogs; cri-client pkg/logs, ReadLogs)."""
_making = threading.Lock()
"""The official library keeps a kubeconfig's keys in temporary files, and gives out their names before it has written them."""


class Refused(RigError):
    """The API server answered no. `status` is HTTP's."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        """Keep the server's own words."""
        super().__init__(f"The API server refused ({status} {reason}): {message}", REMEDIES.get(status, ""))
        self.status = status
        self.message = message


REMEDIES = {
    401: "log in: the credentials of the kubeconfig are refused",
    EXISTS: "run it again, under another name: what is there is somebody else's",
    FORBIDDEN: "ask for that right, or use a context of somebody who has it",
}
"""What can be done about the server's status, whatever was asked."""


def _refusal(status: int, data: bytes) -> Refused:
    try:
        read = json.loads(data)
        return Refused(status, str(read.get("reason", "")), str(read.get("message") or read.get("error") or read))
    except (ValueError, AttributeError):
        return Refused(status, "", data.decode(errors="replace")[:300])


class Silent(Exception):
    """An open response broke off."""


def lines(response: Any) -> Generator[Object]:  # noqa: ANN401 -- an open urllib3 response
    """Yield the JSON lines of an open response as they arrive. Raises `Silent` where they break off."""
    yield from (json.loads(line) for line in texts(response) if line.strip())


def texts(response: Any) -> Generator[bytes]:  # noqa: ANN401 -- an open urllib3 response
    """Yield the whole lines of an open response as they arrive. Raises `Silent` where they break off."""
    from urllib3.exceptions import HTTPError

    rest = b""
    try:
        for chunk in response.stream(65536, decode_content=True):
            rest += chunk
            *whole, rest = rest.split(b"\n")
            yield from whole
    except HTTPError as broken:
        raise Silent(str(broken)) from broken


def describe(pod: Object | None) -> str:
    """Return in one line what an object's status says: phase, waiting and terminated reasons, conditions that fail."""
    if pod is None:
        return "it is not there"
    status = pod.get("status", {})
    words = [f"phase {status['phase']}"] if "phase" in status else []
    for container in status.get("containerStatuses", []):
        for state, detail in container.get("state", {}).items():
            details = " ".join(str(detail[key]) for key in ("reason", "exitCode", "message") if key in detail)
            words.append(f"{container['name']} {state} {details}".rstrip())
    words += [
        f"{c['type']} {c.get('reason', '')}: {c['message']}"
        for c in status.get("conditions", [])
        if c.get("status") == "False" and c.get("message")
    ]
    return "; ".join(words) or "no status"
