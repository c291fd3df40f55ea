"""What other things than a container's own words tell of it: where an engine answers, and what its variables are."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.check.roles import DOCKER, roles
from conformance.check.told import contexts
from conformance.errors import UsageError

ETC, SOCK = {"name": "etc", "mountPath": "/etc/docker"}, {"name": "sock", "mountPath": "/sock"}


def a_pod(engine: dict[str, Any], client: dict[str, Any], **spec: Any) -> dict[str, Any]:
    volumes = [{"name": "etc", "emptyDir": {}}, {"name": "sock", "emptyDir": {}}]
    parts = [{"name": "c", "image": "i", **client}, {"name": "e", "image": "docker:dind", **engine}]
    return {"metadata": {"name": "p"}, "spec": {"containers": parts, "volumes": volumes, **spec}}


def talks_to(host: str, *mounts: dict[str, str]) -> dict[str, Any]:
    return {"env": [{"name": "DOCKER_HOST", "value": host}], "volumeMounts": [*mounts]}


@pytest.mark.parametrize(
    ("source", "kind", "field"),
    [
        ({"configMap": {"name": "m"}}, "ConfigMap", "data"),
        ({"secret": {"secretName": "m"}}, "Secret", "stringData"),
    ],
)
def test_an_engine_is_told_by_a_daemon_json_of_the_same_file(source: dict[str, Any], kind: str, field: str) -> None:
    mount = {"name": "etc", "mountPath": "/etc/docker/daemon.json", "subPath": "daemon.json"}
    pod = a_pod({"command": ["dockerd"], "volumeMounts": [mount]}, {}, volumes=[{"name": "etc", **source}])

    def told(text: str, name: str = "m") -> tuple[str, int, str]:
        who = roles(pod, "f", others=[{"kind": kind, "metadata": {"name": name}, field: {"daemon.json": text}}])
        return who.socket, who.port, who.why[1]

    assert told('{"hosts": ["unix:///x/d.sock", "tcp://0.0.0.0:2375"]}')[:2] == ("/x/d.sock", 0)
    assert told('{"debug": true, "hosts":\n ["tcp://0.0.0.0:2385"]}') == (
        "",
        2385,
        "it answers on port 2385: its daemon.json says so, and names no socket",
    )
    assert told('{"hosts": ["unix:///x/d.sock"]}', "another")[0] == DOCKER
    assert told('{"log-opts": {"syslog-address": "tcp://logs:514"}}')[0] == DOCKER
    pod["spec"]["containers"][1]["command"] = ["dockerd", "--host=unix:///own.sock"]
    assert told('{"hosts": ["unix:///x/d.sock"]}') == ("/own.sock", 0, "its socket is /own.sock: its command says so")


def test_an_engine_is_told_by_a_daemon_json_that_an_init_container_prints() -> None:
    script = 'echo "{\\"hosts\\": [\\"unix:///x/d.sock\\"], \\"bip\\": \\"10.2.0.1/24\\"}" >/etc/docker/daemon.json'
    first = {"name": "i", "image": "i", "command": ["sh", "-c", script], "volumeMounts": [ETC]}
    engine = {"command": ["dockerd"], "volumeMounts": [ETC]}
    assert roles(a_pod(engine, {}, initContainers=[first]), "f").socket == "/x/d.sock"
    assert roles(a_pod(engine, {}, initContainers=[{**first, "volumeMounts": [SOCK]}]), "f").socket == DOCKER


def test_an_engine_whose_settings_nobody_has_is_asked_where_its_client_asks_it() -> None:
    engine = {"command": ["dockerd"], "volumeMounts": [{"name": "sock", "mountPath": "/run/in"}]}
    who = roles(a_pod(engine, talks_to("unix:///sock/a/d.sock", SOCK)), "f")
    assert (who.client, who.socket) == ("c", "/run/in/a/d.sock")
    assert who.why[1] == ("its socket is /run/in/a/d.sock: c shares /sock with it, and its DOCKER_HOST is unix:///sock/a/d.sock")
    assert roles(a_pod(engine, talks_to("unix:///var/run/docker.sock", SOCK)), "f").socket == DOCKER
    assert roles(a_pod(engine, talks_to("unix:///sock/d.sock", {**SOCK, "subPath": "x"})), "f").socket == DOCKER
    with_host = {**engine, "command": ["dockerd", "-H", "unix:///own.sock"]}
    assert roles(a_pod(with_host, talks_to("unix:///sock/d.sock", SOCK)), "f").socket == "/own.sock"


def test_a_client_tells_nothing_of_an_engine_whose_settings_are_an_empty_stand_in() -> None:
    """With an empty daemon.json it has its usual socket, whatever its client was told."""
    engine = {"command": ["dockerd"], "volumeMounts": [ETC, {"name": "sock", "mountPath": "/sock"}]}
    volumes = [{"name": "etc", "configMap": {"name": "m"}}, {"name": "sock", "emptyDir": {}}]
    pod = a_pod(engine, talks_to("unix:///sock/d.sock", SOCK), volumes=volumes)
    assert roles(pod, "f").socket == DOCKER
    assert roles(pod, "f", others=[{"kind": "ConfigMap", "metadata": {"name": "m"}}]).socket == "/sock/d.sock"
    pod["spec"]["containers"][1]["volumeMounts"][0] = {"name": "etc", "mountPath": "/etc/ssl"}
    assert roles(pod, "f").socket == "/sock/d.sock"


@pytest.mark.parametrize(("field", "kind", "of"), [("configMap", "ConfigMap", "data"), ("secret", "Secret", "stringData")])
def test_a_variable_of_an_object_of_the_same_file_is_known(field: str, kind: str, of: str) -> None:
    entry = {"kind": kind, "metadata": {"name": "m"}, of: {"DOCKER_HOST": "tcp://localhost:2375", "at": "unix:///sock/d.sock"}}
    whole = {"envFrom": [{f"{field}Ref": {"name": "m"}}]}
    of_key = {"env": [{"name": "DOCKER_HOST", "valueFrom": {f"{field}KeyRef": {"name": "m", "key": "at"}}}]}

    def why(client: dict[str, Any], *others: dict[str, Any]) -> str:
        return roles(a_pod({}, {**client, "volumeMounts": [SOCK]}), "f", others=others).why[-1]

    assert why(whole, entry) == "c is the client: its DOCKER_HOST is tcp://localhost:2375"
    assert why(of_key, entry) == "c is the client: its DOCKER_HOST is unix:///sock/d.sock"
    assert why({**whole, **of_key}, entry).endswith("unix:///sock/d.sock"), "its own go before those of a whole object"
    assert why(of_key) == "c is the client: its DOCKER_HOST comes from elsewhere", "of an object that the file has not"
    prefixed = {"envFrom": [{"prefix": "DOCKER_", **whole["envFrom"][0]}]}
    assert why(prefixed, {**entry, of: {"HOST": "localhost"}}).endswith("its DOCKER_HOST is localhost")


@pytest.mark.parametrize(
    "mount", [{"mountPath": "/scripts"}, {"mountPath": "/scripts/start.sh", "subPath": "start.sh"}], ids=["directory", "file"]
)
def test_a_script_of_the_same_file_is_read_for_what_it_runs(mount: dict[str, str]) -> None:
    script = "#!/bin/sh\nexec dockerd --host=unix:///x/d.sock\n"
    entry = {"kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"start.sh": script}}
    engine = {"image": "docker:28", "command": ["sh", "/scripts/start.sh"], "volumeMounts": [{"name": "scripts", **mount}]}
    pod = a_pod(engine, {}, volumes=[{"name": "scripts", "configMap": {"name": "m"}}])
    who = roles(pod, "f", others=[entry])
    assert (who.engine, who.socket) == ("e", "/x/d.sock")
    assert "args" not in pod["spec"]["containers"][1], "the pod is what it is"
    for unread in ([], [{**entry, "data": {"other.sh": script}}], [{**entry, "metadata": {"name": "n"}}]):
        with pytest.raises(UsageError, match="no engine"):
            roles(pod, "f", others=unread)


def test_a_context_is_what_a_file_or_a_command_makes_and_a_variable_or_a_config_chooses() -> None:
    def at(name: str, host: str) -> str:
        return f'{{"Name":"{name}","Endpoints":{{"docker":{{"Host":"{host}"}}}}}}'

    texts = {
        "a.json": at("a", "tcp://localhost:1"),
        "b.json": at("b", "unix:///b.sock"),
        "config.json": '{"currentContext": "b"}',
    }
    others = [{"kind": "ConfigMap", "metadata": {"name": "m"}, "data": texts}]
    mount = {"name": "contexts", "mountPath": "/root/.docker"}
    volumes = [{"name": "contexts", "configMap": {"name": "m"}}]

    def hosts(**client: Any) -> dict[str, str]:
        return contexts(a_pod({}, client, volumes=volumes), others)

    assert hosts(volumeMounts=[mount]) == {"c": "unix:///b.sock"}
    assert hosts(volumeMounts=[mount], env=[{"name": "DOCKER_CONTEXT", "value": "a"}]) == {"c": "tcp://localhost:1"}
    assert hosts(env=[{"name": "DOCKER_CONTEXT", "value": "a"}]) == {}, "its own volumes alone"
    script = (
        "docker context create --description x ci --docker 'host=unix:///ci.sock,skip-tls-verify=true'; docker context use ci"
    )
    creates = {"command": ["sh", "-c", script]}
    assert hosts(**creates, env=[{"name": "DOCKER_CONTEXT", "value": "ci"}]) == {"c": "unix:///ci.sock"}
    assert hosts(**creates, env=[{"name": "DOCKER_CONTEXT", "value": "other"}]) == hosts(**creates) == {}
