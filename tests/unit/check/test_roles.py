"""Who is client and who engine in the pods that people have, and why."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.check.roles import DOCKER, PODMAN, Roles, roles
from conformance.errors import UsageError


def container(name: str, image: str = "i", **more: Any) -> dict[str, Any]:
    return {"name": name, "image": image, **more}


def pod(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p"}, "spec": {"containers": list(containers), **spec}}


def env(**variables: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in variables.items()]


def settled(pod: dict[str, Any], **given: Any) -> tuple[str, str, str]:
    who = roles(pod, "f.yaml", **given)
    assert who.why
    return who.client, who.engine, who.socket


RUNNER = container("runner", env=env(DOCKER_HOST="unix:///var/run/docker.sock"))
SIDECAR = container("dind", "docker:dind", restartPolicy="Always", args=["dockerd", "--host=unix:///var/run/docker.sock"])


def test_an_engine_that_is_a_native_sidecar() -> None:
    assert settled(pod(RUNNER, initContainers=[container("init"), SIDECAR])) == ("runner", "dind", DOCKER)


def test_an_init_container_that_ends_is_nobody() -> None:
    ends = {key: value for key, value in SIDECAR.items() if key != "restartPolicy"}
    with pytest.raises(UsageError, match=r"init container dind is an engine .* that must end before") as refused:
        roles(pod(RUNNER, initContainers=[ends]), "f.yaml")
    assert "restartPolicy: Always" in refused.value.remedy
    with pytest.raises(UsageError, match="no engine that could be found"):
        roles(pod(RUNNER, initContainers=[container("init")]), "f.yaml")


@pytest.mark.parametrize(
    ("engine", "socket"),
    [
        (container("e", "docker:26.1-dind"), DOCKER),
        (container("e", "registry.example:5000/mirror/docker:dind@sha256:0"), DOCKER),
        (container("e", "own/image", command=["/usr/local/bin/dockerd-entrypoint.sh"]), DOCKER),
        (container("e", "own", command=["sh", "-c", "dockerd -H unix:///run/x.sock & wait"]), "/run/x.sock"),
        (container("e", "own", command=["dockerd", "-Hunix:///run/y.sock"]), "/run/y.sock"),
        (container("e", "docker:dind", args=["--host=tcp://0.0.0.0:2376", "--tlsverify"]), DOCKER),
        (container("e", "docker:dind-rootless"), "/run/user/1000/docker.sock"),
        (container("e", "docker:dind", env=env(DOCKER_HOST="unix:///docker/docker.sock")), "/docker/docker.sock"),
        (container("e", "docker:dind", args=["dockerd"], env=env(DOCKER_HOST="unix:///docker/docker.sock")), DOCKER),
        (container("e", "docker:dind", env=env(DOCKER_HOST="tcp://docker:2376")), DOCKER),
        (container("e", "own-dind", args=["start"]), DOCKER),
        (container("e", "podman/stable", command=["podman", "system", "service", "-t", "0"]), PODMAN),
        (container("e", "own", command=["sh", "-c", "(/usr/bin/dockerd --debug &) && wait"]), DOCKER),
        (container("e", "own", command=["sh", "-c", "{ dockerd; } & wait"]), DOCKER),
        (container("e", "own", command=["bash", "-c", "wrapdocker && agent"]), DOCKER),
        (container("e", "own", command=["/usr/local/share/docker-init.sh", "sleep", "infinity"]), DOCKER),
        (
            container("e", "docker@sha256:0", args=["--debug", "-H=unix:///x.sock"], securityContext={"privileged": True}),
            "/x.sock",
        ),
    ],
)
def test_an_engine_by_its_image_or_its_command(engine: dict[str, Any], socket: str) -> None:
    assert settled(pod(container("c"), engine)) == ("c", "e", socket)


def test_a_proxy_of_the_nodes_engine_is_no_engine_and_no_client_where_another_asks_it() -> None:
    """A container with the node's socket and Docker's port passes on what it is asked (Tecnativa's docker-socket-proxy)."""
    mounts = [{"name": "s", "mountPath": "/var/run/docker.sock"}]
    proxy = container("proxy", "own/socket-proxy", ports=[{"containerPort": 2375}], volumeMounts=mounts)
    app = container("app", env=env(DOCKER_HOST="tcp://localhost:2375"))
    volumes = [{"name": "s", "hostPath": {"path": DOCKER}}]
    who = roles(pod(container("log"), proxy, app, volumes=volumes), "f")
    assert (who.client, who.engine, who.socket) == ("app", "", DOCKER), "whose work must not go on"
    assert who.why[1] == "app is the client: its DOCKER_HOST is tcp://localhost:2375, and proxy passes on what it is asked"
    assert settled(pod(app, proxy, volumes=volumes), client="app") == ("app", "", DOCKER)
    assert settled(pod(app, proxy, volumes=volumes), client="proxy") == ("proxy", "", DOCKER)
    elsewhere = container("app", env=env(DOCKER_HOST="tcp://docker.ci:2375"))
    assert settled(pod(elsewhere, proxy, volumes=volumes)) == ("proxy", "", DOCKER)
    with pytest.raises(UsageError, match="app talks to"):
        roles(pod(elsewhere, proxy, volumes=volumes), "f", client="app")
    assert settled(pod(app, {**proxy, "volumeMounts": []}, volumes=volumes))[:2] == ("app", "proxy")


@pytest.mark.parametrize("image", ["testcontainers/testcontainers-cloud-agent:1", "joyrex2001/kubedock", "moby/buildkit:v0.20"])
def test_who_is_known_to_have_no_engine_is_none_whatever_its_port(image: str) -> None:
    beside = container("b", image, ports=[{"containerPort": 2375}])
    with pytest.raises(UsageError, match=r"no engine .* b is "):
        roles(pod(container("c", env=env(DOCKER_HOST="tcp://localhost:2375")), beside), "f")
    podman = container("b", "own/podman", ports=[{"containerPort": 2375}])
    assert settled(pod(container("c"), podman))[:2] == ("c", "b"), "which may serve Docker's API"


def test_the_variable_of_a_program_with_its_engines_address_is_heard() -> None:
    engine = container("e", "docker:dind", env=env(DOCKER_TLS_CERTDIR=""))
    agent = container("agent", env=env(WOODPECKER_BACKEND_DOCKER_HOST="tcp://localhost:2375"))
    who = roles(pod(container("log"), engine, agent), "f")
    assert (who.client, who.why[-1]) == (
        "agent",
        "agent is the client: its WOODPECKER_BACKEND_DOCKER_HOST is tcp://localhost:2375",
    )
    both = container("agent", env=env(X_DOCKER_HOST="tcp://localhost:2377", DOCKER_HOST="tcp://localhost:2375"))
    assert roles(pod(engine, both), "f").why[-1].endswith("its DOCKER_HOST is tcp://localhost:2375")


def test_a_mod_that_adds_an_engine_to_an_image_makes_one() -> None:
    assert settled(pod(container("c", env=env(DOCKER_MODS="linuxserver/mods:universal-docker-in-docker"))))[1] == "c"
    with pytest.raises(UsageError, match="no engine"):
        roles(pod(container("c", env=env(DOCKER_MODS="linuxserver/mods:universal-docker"))), "f")


@pytest.mark.parametrize(
    ("client", "says"),
    [
        ({"env": env(BUILDKIT_HOST="tcp://localhost:1234")}, "c is a client of BuildKit, which has no Docker API"),
        ({"env": env(ACTIONS_RUNNER_CONTAINER_HOOKS="/k8s/index.js")}, "c is a runner in kubernetes mode"),
        ({"command": ["nerdctl", "build", "."]}, "c is containerd, which has no Docker API"),
        ({"command": ["sh", "-c", "containerd & runner"]}, "c is containerd"),
        ({"volumeMounts": [{"name": "s", "mountPath": "/run/containerd"}]}, "c is a client of the node's container runtime"),
    ],
)
def test_what_has_no_engine_is_named(client: dict[str, Any], says: str) -> None:
    volumes = [{"name": "s", "hostPath": {"path": "/run/containerd"}}]
    with pytest.raises(UsageError, match=says):
        roles(pod(container("c", **client), volumes=volumes), "f")


def test_what_starts_an_engine_or_passes_on_the_nodes_is_the_latter_where_it_mounts_that() -> None:
    """Two features of devcontainers have a script of one name (devcontainers/features, docker-outside-of-docker)."""
    mounts = [{"name": "s", "mountPath": "/var/run/docker-host.sock"}]
    dev = container("dev", command=["/usr/local/share/docker-init.sh", "sleep", "infinity"], volumeMounts=mounts)
    assert settled(pod(dev, volumes=[{"name": "s", "hostPath": {"path": DOCKER}}]))[1] == ""
    assert settled(pod({**dev, "volumeMounts": []}))[1] == "dev"


@pytest.mark.parametrize("args", [["-H", "0.0.0.0:2385"], ["--host=:2385"], ["--host", "localhost:2385"], ["-H=127.0.0.1:2385"]])
def test_an_engine_that_is_told_an_address_without_a_scheme_answers_on_a_port(args: list[str]) -> None:
    who = roles(pod(container("c"), container("e", "docker:dind", args=["dockerd", *args])), "f")
    assert (who.socket, who.port) == ("", 2385)


def test_headers_of_a_request_are_no_engines_options() -> None:
    asks = container("asks", args=["-H", "Host: unix://x", "http://x"], securityContext={"privileged": True})
    with pytest.raises(UsageError, match="no engine"):
        roles(pod(container("c"), asks), "f")


def test_an_image_of_an_engine_with_another_command_is_none() -> None:
    with pytest.raises(UsageError, match="no engine"):
        roles(pod(container("c", "docker:dind", command=["sleep", "infinity"])), "f")


@pytest.mark.parametrize("image", ["docker:dind", "docker:27.4.1-dind", "registry.example/library/docker:dind"])
def test_dockers_own_image_runs_what_its_arguments_name(image: str) -> None:
    with pytest.raises(UsageError, match="no engine"):
        roles(pod(container("c", image, args=["sleep", "99d"])), "f")
    assert settled(pod(container("c", image, args=["--debug"])))[1] == "c"


def test_of_several_the_engine_is_the_one_that_is_privileged() -> None:
    waits = container("c", args=["until docker info; do echo waiting for dockerd ; sleep 1; done"])
    engine = container("e", "docker:dind", securityContext={"privileged": True})
    who = roles(pod(waits, engine), "f")
    assert (who.client, who.engine) == ("c", "e")
    assert "of 2 such it alone is privileged" in who.why[0]
    with pytest.raises(UsageError, match="has 2 engines"):
        roles(pod({**waits, "securityContext": {"privileged": True}}, engine), "f")


@pytest.mark.parametrize(("port", "more"), [(2376, []), (2375, ["--tlsverify=true"])])
def test_an_engine_that_answers_over_tls_alone_is_asked_with_its_clients_certificates(port: int, more: list[str]) -> None:
    engine = container("e", "docker:dind", args=["dockerd", f"--host=tcp://0.0.0.0:{port}", *more])
    who = roles(pod(container("c"), engine), "f")
    assert (who.socket, who.port, who.certificates) == ("", port, "/certs/client")
    assert "c has its certificates in /certs/client" in who.why[1]
    elsewhere = container("c", env=env(DOCKER_CERT_PATH="/mine", DOCKER_TLS_CERTDIR="/x"))
    assert roles(pod(elsewhere, engine), "f").certificates == "/mine"
    assert roles(pod(container("c", env=env(DOCKER_TLS_CERTDIR="/x")), engine), "f").certificates == "/x/client"
    by_socket = roles(pod(container("c"), engine), "f", socket="/x.sock")
    assert (by_socket.socket, by_socket.port, by_socket.certificates) == ("/x.sock", 0, "")


@pytest.mark.parametrize(
    ("options", "wants"),
    [
        (["--host=tcp://0.0.0.0:2375", "--tls=false"], False),
        (["--host=tcp://0.0.0.0:2376", "--tls=False"], False),
        (["--host=tcp://0.0.0.0:2375", "--tls"], True),
        (["--host=tcp://0.0.0.0:2375", "--tls=1"], True),
        (["--host=tcp://0.0.0.0:2375", "--tlscacert=/ca.pem"], False),
        (["--host=tcp://0.0.0.0:2375", "--tlsverify=false"], True),
        (["--host=tcp://0.0.0.0:2375", "--tls=false", "--tlsverify"], True),
    ],
)
def test_whether_it_answers_over_tls_is_what_its_options_say(options: list[str], wants: bool) -> None:
    """Docker Engine 20.10.24 reads its certificate with --tlsverify=false, and answers without any with --tls=false."""
    for command in (["dockerd", *options], ["sh", "-c", f"dockerd {' '.join(options)}; wait"]):
        who = roles(pod(container("c"), container("e", "own", command=command)), "f")
        assert (who.socket, bool(who.certificates)) == ("", wants)


def test_certificates_that_docker_finds_without_being_told_are_in_its_own_directory() -> None:
    """docker:cli's entrypoint takes /certs/client first, where some are there: ~/.docker may have a config.json alone."""
    engine = container("e", command=["dockerd", "--host=tcp://0.0.0.0:2376", "--tlsverify"])

    def where(*paths: str, **variables: str) -> str:
        mounts = [{"name": f"v{number}", "mountPath": path} for number, path in enumerate(paths)]
        return roles(pod(container("c", volumeMounts=mounts, env=env(**variables)), engine), "f").certificates

    assert where("/x", "/root/.docker/", DOCKER_TLS_VERIFY="1") == "/root/.docker"
    assert where("/root/.docker", "/certs/client") == where("/certs/", "/root/.docker") == "/certs/client"
    assert where("/root/.docker", DOCKER_TLS_CERTDIR="/x") == "/x/client"
    assert where("/root/.docker", DOCKER_CERT_PATH="/mine") == "/mine"


def test_the_client_is_who_talks_to_it_then_who_shares_its_socket_then_the_first() -> None:
    engine = container("e", "docker:dind", volumeMounts=[{"name": "s", "mountPath": "/var/run"}])
    sharing = container("shares", volumeMounts=[{"name": "s", "mountPath": "/var/run"}])
    talking = container("talks", env=env(DOCKER_HOST="tcp://localhost:2376"))
    assert settled(pod(container("first"), sharing, talking, engine))[0] == "talks"
    assert settled(pod(container("first"), sharing, engine))[0] == "shares"
    assert settled(pod(container("first"), engine))[0] == "first"
    assert settled(pod(engine)) == ("e", "e", DOCKER), "one container that is both"


@pytest.mark.parametrize(
    ("path", "socket"),
    [
        ("/var/run/docker.sock", "/var/run/docker.sock"),
        ("/run/docker.sock", "/run/docker.sock"),
        ("/var/run", "/var/run/docker.sock"),
        ("/run/", "/run/docker.sock"),
        ("/var", "/var/run/docker.sock"),
        ("/", "/var/run/docker.sock"),
    ],
)
def test_the_nodes_engine_is_behind_what_is_mounted_of_the_node(path: str, socket: str) -> None:
    mounting = container("agent", volumeMounts=[{"name": "s", "mountPath": "/x"}])
    assert settled(pod(container("other"), mounting, volumes=[{"name": "s", "hostPath": {"path": path}}])) == (
        "agent",
        "",
        socket,
    )


def test_a_socket_of_the_node_behind_which_nothing_could_be_cleaned_up_is_refused() -> None:
    mounting = container("agent", volumeMounts=[{"name": "s", "mountPath": "/x"}])
    with pytest.raises(UsageError, match=r"/run/podman/podman\.sock of the node"):
        roles(pod(mounting, volumes=[{"name": "s", "hostPath": {"path": "/run/podman/podman.sock"}}]), "f")


def test_the_plainest_mount_tells_the_client_and_other_sockets_tell_nothing() -> None:
    paths = {"all": "/", "sock": "/var//run/docker.sock", "spire": "/run/spire/sockets/agent.sock"}
    volumes = [{"name": name, "hostPath": {"path": path}} for name, path in paths.items()]
    log = container("log", volumeMounts=[{"name": "all", "mountPath": "/host"}])
    mine = container(
        "c", volumeMounts=[{"name": "spire", "mountPath": "/s"}, {"name": "sock", "mountPath": "/var/run/docker.sock"}]
    )
    assert settled(pod(log, mine, volumes=volumes)) == ("c", "", "/var/run/docker.sock")


def test_a_port_of_the_node_is_not_asked() -> None:
    """Another leg's engine, or the user's own, may have it."""
    engine = container("e", command=["dockerd", "--host=tcp://0.0.0.0:2375"])
    with pytest.raises(UsageError, match="answers on port 2375 of its node alone"):
        roles(pod(container("c"), engine, hostNetwork=True), "f")


def test_a_script_ends_a_socket() -> None:
    engine = container("e", command=["sh", "-c", "dockerd --host=unix:///run/x/d.sock; wait"])
    assert settled(pod(container("c"), engine))[2] == "/run/x/d.sock"


def test_containerds_socket_is_no_engines() -> None:
    mounting = container("agent", volumeMounts=[{"name": "s", "mountPath": "/x"}])
    for path in ("/run/containerd/containerd.sock", "/var/run/crio/crio.sock"):
        volumes = [{"name": "s", "hostPath": {"path": path}}]
        with pytest.raises(
            UsageError, match=r"no engine .* agent is a client of the node's container runtime, which has no Docker"
        ):
            roles(pod(mounting, volumes=volumes), "f")


@pytest.mark.parametrize(
    "script",
    [
        "service docker start && build",
        "sudo /usr/sbin/service docker start",
        "/etc/init.d/docker start",
        "systemctl start docker.service",
    ],
)
def test_an_engine_that_is_started_as_a_service(script: str) -> None:
    who = roles(pod(container("c", "ubuntu", command=["bash", "-c", script])), "f")
    assert (who.client, who.engine, who.socket) == ("c", "c", DOCKER)
    assert " start" in who.why[0]
    for nothing in ("service docker stop", "service docker-cleaner start", "service docker start-up"):
        with pytest.raises(UsageError, match="no engine"):
            roles(pod(container("c", "ubuntu", command=["bash", "-c", nothing])), "f")


def test_an_engine_elsewhere_is_named() -> None:
    with pytest.raises(UsageError, match=r"c talks to tcp://docker\.ci:2375, which is not in this pod"):
        roles(pod(container("c", env=env(DOCKER_HOST="tcp://docker.ci:2375"))), "f")


def test_two_engines_are_settled_by_the_option() -> None:
    two = pod(container("c"), container("a", "docker:dind"), container("b", "docker:dind"))
    with pytest.raises(UsageError, match=r"has 2 engines: a .*; b ") as refused:
        roles(two, "f")
    assert refused.value.remedy == "--engine a or b"
    assert settled(two, engine="b", client="c", socket="/run/z.sock") == ("c", "b", "/run/z.sock")


def beside(name: str, *args: str, **more: Any) -> dict[str, Any]:
    """Return one of several engines of a pod: privileged, as the others."""
    return container(name, "docker:dind", args=[*args], securityContext={"privileged": True}, **more)


def mounts(volume: str, path: str, **more: str) -> list[dict[str, str]]:
    return [{"name": volume, "mountPath": path, **more}]


def test_of_two_engines_it_is_the_one_to_whose_port_the_client_talks() -> None:
    first, second = (beside(f"e{port}", "dockerd", f"--host=tcp://127.0.0.1:{port}") for port in (2375, 2377))
    for port in (2375, 2377):
        who = roles(pod(container("log"), container("c", env=env(DOCKER_HOST=f"localhost:{port}")), first, second), "f")
        assert (who.client, who.engine, who.port) == ("c", f"e{port}", port)
        assert who.why[0].endswith(f"and of 2 such c talks to it: its DOCKER_HOST is localhost:{port}")
    with pytest.raises(UsageError, match="has 2 engines"):
        roles(pod(container("c", env=env(DOCKER_HOST="tcp://localhost")), first, second), "f")
    usual, without_tls = beside("e2376"), beside("e2375", env=env(DOCKER_TLS_CERTDIR=""))
    for port in (2375, 2376):
        to_entrypoints = container("c", env=env(DOCKER_HOST=f"tcp://localhost:{port}"))
        assert settled(pod(to_entrypoints, usual, without_tls))[:2] == ("c", f"e{port}")


@pytest.mark.parametrize(
    ("client", "why"),
    [
        ({"env": env(CONTAINER_HOST="tcp://localhost:2377")}, "its CONTAINER_HOST is tcp://localhost:2377"),
        ({"command": ["sh", "-c", "export DOCKER_HOST=tcp://localhost:2377; docker build ."]}, "its command talks to"),
        ({"command": ["docker", "-H", "tcp://localhost:2377", "ps"]}, "its command talks to tcp://localhost:2377"),
        (
            {"command": ["sh", "-c", "echo waiting for dockerd"], "env": env(DOCKER_HOST="tcp://localhost:2377")},
            "its DOCKER_HOST is tcp://localhost:2377",
        ),
    ],
)
def test_a_client_of_one_of_two_engines_may_say_so_in_other_words(client: dict[str, Any], why: str) -> None:
    own = beside("own", "dockerd", "-H", "tcp://0.0.0.0:2375", env=env(DOCKER_HOST="tcp://localhost:2375"))
    two = (own, beside("b", "dockerd", "-H", "tcp://0.0.0.0:2377"))
    who = roles(pod(container("log"), container("c", **client, securityContext={"privileged": True}), *two), "f")
    assert (who.client, who.engine) == ("c", "b")
    assert why in who.why[0]


def test_of_two_engines_it_is_the_one_whose_socket_the_client_has() -> None:
    """Each may name its own /var/run/docker.sock: what tells is which volume a container has there."""
    a, b = beside("a", volumeMounts=mounts("va", "/var/run")), beside("b", volumeMounts=mounts("vb", "/run"))
    log = container("log", volumeMounts=mounts("logs", "/var/log"))
    plain = container("c", volumeMounts=mounts("vb", "/var/run"))
    elsewhere = container("d", env=env(DOCKER_HOST="unix:///a/docker.sock"), volumeMounts=mounts("va", "/a"))
    both = container("e", volumeMounts=[*mounts("va", "/other"), *mounts("vb", "/var/run")])
    assert settled(pod(log, plain, a, b)) == ("c", "b", DOCKER)
    assert settled(pod(log, elsewhere, a, b)) == ("d", "a", DOCKER)
    assert settled(pod(log, both, a, b))[:2] == ("e", "b")
    parts = (beside(part, volumeMounts=mounts("v", "/var/run", subPath=part)) for part in ("p", "q"))
    assert settled(pod(container("c", volumeMounts=mounts("v", "/var/run", subPath="q")), *parts))[:2] == ("c", "q")
    with pytest.raises(UsageError, match="has 2 engines") as refused:
        roles(pod(log, a, beside("b", "--host=unix:///x.sock")), "f")
    assert refused.value.remedy == "--engine a or b", "log has nobody's socket"


def test_of_two_engines_with_a_client_each_the_option_settles_which() -> None:
    a, b = (beside(name, volumeMounts=mounts(f"v{name}", "/var/run")) for name in "ab")
    x, y = (
        container(f"of-{name}", env=env(DOCKER_HOST=f"unix://{DOCKER}"), volumeMounts=mounts(f"v{name}", "/run")) for name in "ab"
    )
    with pytest.raises(UsageError, match=r"has 2 engines: .* of-a talks to a\. of-b talks to b\.") as refused:
        roles(pod(x, y, a, b), "f")
    assert refused.value.remedy == "--client of-a or of-b"
    assert settled(pod(x, y, a, b), client="of-b")[:2] == ("of-b", "b")
    assert settled(pod(x, y, a, b), engine="b")[:2] == ("of-b", "b"), "of-a's socket has the same path, and is another's"


def test_of_two_engines_it_is_the_one_to_which_the_clients_context_leads() -> None:
    a, b = (
        beside(name, "dockerd", f"--host=unix:///run/{name}/d.sock", volumeMounts=mounts(name, f"/run/{name}")) for name in "ab"
    )
    text = '{"Name": "second", "Endpoints": {"docker": {"Host": "unix:///run/b/d.sock"}}}'
    others = [{"kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"meta.json": text}}]
    volumes = [{"name": "meta", "configMap": {"name": "m"}}]
    client = container("c", env=env(DOCKER_CONTEXT="second"), volumeMounts=[*mounts("meta", "/m"), *mounts("b", "/run/b")])
    who = roles(pod(client, a, b, volumes=volumes), "f", others=others)
    assert (who.client, who.engine, who.why[-1]) == ("c", "b", "c is the client: its context is unix:///run/b/d.sock")
    with pytest.raises(UsageError, match="has 2 engines"):
        roles(pod({**client, "env": env(DOCKER_CONTEXT="third")}, a, b, volumes=volumes), "f", others=others)


@pytest.mark.parametrize("option", ["client", "engine"])
def test_a_name_that_is_none_of_the_pods_is_refused(option: str) -> None:
    given: dict[str, Any] = {option: "x"}
    with pytest.raises(UsageError, match="has no container 'x'") as refused:
        roles(pod(container("c"), container("e", "docker:dind")), "f", **given)
    assert refused.value.remedy == f"--{option} c or e"


def test_fields_that_are_null_are_as_those_that_are_not_there() -> None:
    nothing = container("c", env=None, volumeMounts=None, command=None, args=None)
    assert settled(pod(nothing, container("e", "docker:dind", volumeMounts=None), volumes=None))[0] == "c"


def test_an_engine_that_names_no_socket_is_asked_on_its_plain_port() -> None:
    engine = container("e", "docker:dind", command=["dockerd", "--host=tcp://0.0.0.0:2376", "-H", "tcp://127.0.0.1:2375"])
    who = roles(pod(container("c"), engine), "f")
    assert (who.socket, who.port, who.certificates) == ("", 2375, "")
    both = container("e", "docker:dind", command=["dockerd", "--host=tcp://0.0.0.0:2375", "--host=unix:///x.sock"])
    assert (roles(pod(both), "f").socket, roles(pod(both), "f").port) == ("/x.sock", 0)
    assert (roles(pod(both), "f", socket="/y.sock").socket, roles(pod(engine), "f", socket="/y.sock").port) == ("/y.sock", 0)


def test_whether_it_is_dockers_own_is_told() -> None:
    podman = container("e", "podman/stable", command=["podman", "system", "service"])
    assert not roles(pod(container("c"), podman), "f").docker
    assert roles(pod(container("c"), container("e", "docker:dind")), "f").docker
    assert Roles("c", "e", "s").docker


def env_from(name: str, **source: Any) -> list[dict[str, Any]]:
    return [{"name": name, "valueFrom": source}]


TCP = container("e", "docker:dind", args=["dockerd", "--host=tcp://0.0.0.0:2375"], securityContext={"privileged": True})


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        (env_from("DOCKER_HOST", configMapKeyRef={"name": "m", "key": "k"}), "its DOCKER_HOST comes from elsewhere"),
        (env(DOCKER_CONTEXT="inner", DOCKER_CONFIG="/config"), "its DOCKER_CONTEXT is inner"),
        (env(POD_IP="", DOCKER_HOST="tcp://$(POD_IP):2375"), "its DOCKER_HOST is tcp://$(POD_IP):2375"),
    ],
)
def test_a_client_says_whom_it_talks_to_in_other_words_too(variables: list[dict[str, Any]], why: str) -> None:
    who = roles(pod(container("log"), container("c", env=variables), TCP), "f")
    assert (who.client, who.why[-1]) == ("c", f"c is the client: {why}")


def test_of_several_who_talk_to_an_engine_the_client_is_who_talks_to_this_one() -> None:
    elsewhere = container("a", env=env(DOCKER_HOST="tcp://builder.ci:2375"))
    other = container("b", env=env(DOCKER_HOST="tcp://localhost:2385"))
    mine = container("c", env=env(DOCKER_HOST="tcp://127.0.0.1:2375"))
    assert settled(pod(elsewhere, other, mine, TCP))[0] == "c"
    assert settled(pod(elsewhere, other, TCP))[0] == "b", "in this pod, at least"
    second = container("e2", "docker:dind", args=["dockerd", "--host=tcp://0.0.0.0:2385"])
    assert settled(pod(mine, other, TCP, second), engine="e2")[0] == "b"
    by_socket = container("d", env=env(DOCKER_HOST="unix:///x/d.sock"))
    engine = container("e", "docker:dind", args=["dockerd", "--host=unix:///x/d.sock"])
    assert settled(pod(mine, by_socket, engine))[0] == "d"


def test_who_shares_the_engines_socket_shares_the_directory_that_has_it() -> None:
    """/home/runner/_work has /run in it, and no socket."""
    mounts = [{"name": "work", "mountPath": "/home/runner/_work"}, {"name": "s", "mountPath": "/docker"}]
    engine = container("e", "docker:dind", args=["--host=unix:///docker/d.sock"], volumeMounts=mounts)
    first = container("first", volumeMounts=mounts[:1])
    assert settled(pod(first, container("c", volumeMounts=mounts[1:]), engine))[0] == "c"
    assert roles(pod(first, engine), "f").why[-1].endswith("that is not the engine: --client settles it")
    usual = container("e", "docker:dind", volumeMounts=[{"name": "s", "mountPath": "/run"}])
    sharing = container("c", volumeMounts=[{"name": "s", "mountPath": "/var/run"}])
    assert settled(pod(container("first"), sharing, usual))[0] == "c", "/run is /var/run"


@pytest.mark.parametrize(
    "client",
    [container("c", "docker:26.1-cli"), container("c", command=["sh", "-c", "docker run x"]), container("c", "i/docker")],
)
def test_a_client_that_only_its_program_tells(client: dict[str, Any]) -> None:
    who = roles(pod(container("first", "busybox"), client, TCP), "f")
    assert (who.client, who.why[-1]) == ("c", "c is the client: it runs docker")


@pytest.mark.parametrize(
    ("engine", "why"),
    [
        (container("e", "own/builder", ports=[{"containerPort": 2375}]), "its port 2375 is Docker's"),
        (container("e", "own/builder", ports=[{"containerPort": 2376, "name": "x"}]), "its port 2376 is Docker's"),
        (container("e", "teamcity-agent", env=env(DOCKER_IN_DOCKER="start")), "its DOCKER_IN_DOCKER is start"),
        (container("e", "kubekins", env=env(DOCKER_IN_DOCKER_ENABLED="true")), "its DOCKER_IN_DOCKER_ENABLED is true"),
    ],
)
def test_an_engine_that_only_its_port_or_a_variable_tells(engine: dict[str, Any], why: str) -> None:
    who = roles(pod(container("c"), engine), "f")
    assert (who.client, who.engine, who.why[0]) == ("c", "e", f"e is the engine: {why}")
    assert (who.socket, who.port) == ((DOCKER, 0) if "DOCKER_IN" in why else ("", engine["ports"][0]["containerPort"]))
    plain = roles(pod({**engine, "name": "c"}, container("e", "docker:dind")), "f")
    assert plain.engine == "e", "what runs an engine's program or image goes before"
    off = container("e", env=env(DOCKER_IN_DOCKER_ENABLED="false", DOCKER_IN_DOCKER=""))
    with pytest.raises(UsageError, match="no engine"):
        roles(pod(container("c"), off), "f")


@pytest.mark.parametrize(
    ("engine", "socket", "port"),
    [
        (container("e", "i", command=["dockerd-rootless.sh"]), "/run/user/1000/docker.sock", 0),
        (container("e", "i", command=["podman", "system", "service", "-t", "0", "tcp:0.0.0.0:8888"]), "", 8888),
        (container("e", "i", command=["podman", "system", "service", "tcp://:8888"]), "", 8888),
        (container("e", "i", command=["podman", "system", "service", "unix:/x/p.sock"]), "/x/p.sock", 0),
        (container("e", "docker:dind", args=["dockerd", "-H", "tcp://0.0.0.0"]), "", 2375),
        (container("e", "docker:dind", args=["dockerd", "-H", "tcp://0.0.0.0", "--tlsverify"]), "", 2376),
        (container("e", "docker:dind", args=["dockerd", "--host=$(H)"], env=env(H="tcp://0.0.0.0:2375")), "", 2375),
        (container("e", "docker:dind", args=["dockerd", "-H", "$(A)"], env=env(B="/x", A="unix://$(B)/d.sock")), "/x/d.sock", 0),
        (container("e", "i", command=["sh", "-c", "exec dockerd -H $H"], env=env(H="unix:///h.sock")), "/h.sock", 0),
        (container("e", "i", command=["sh", "-c", "exec dockerd -H ${H}"], env=env(H="unix:///h.sock")), "/h.sock", 0),
    ],
)
def test_where_an_engine_answers_as_its_variables_and_its_defaults_say(engine: dict[str, Any], socket: str, port: int) -> None:
    who = roles(pod(container("c"), engine), "f")
    assert (who.socket, who.port) == (socket, port)


def test_a_client_of_the_nodes_engine_beside_an_engine_of_the_pod_is_told_and_can_be_chosen() -> None:
    dood = container("dood", volumeMounts=[{"name": "s", "mountPath": "/var/run/docker.sock"}])
    both = pod(RUNNER, dood, container("e", "docker:dind"), volumes=[{"name": "s", "hostPath": {"path": "/var/run/docker.sock"}}])
    who = roles(both, "f")
    assert (who.client, who.engine) == ("runner", "e")
    assert who.why[-1] == "dood mounts /var/run/docker.sock of the node, too: --client dood checks that engine"
    assert settled(both, client="dood") == ("dood", "", "/var/run/docker.sock")
    assert settled(both, client="dood", engine="e") == ("dood", "e", DOCKER)
    both["spec"]["containers"][1] |= {"env": env(DOCKER_HOST="tcp://localhost:2375")}
    assert settled(both, client="dood")[1] == "e", "it has the socket, and talks to another"


def test_a_socket_of_the_node_that_an_engine_of_the_pod_makes_there_is_that_engines() -> None:
    """BinderHub's engine has its socket on the node, for clients in other pods."""
    mounts = [{"name": "s", "mountPath": "/run"}]
    engine = container("e", "docker:dind", args=["--host=unix:///run/docker.sock"], volumeMounts=mounts)
    both = pod(engine, container("c", volumeMounts=mounts), volumes=[{"name": "s", "hostPath": {"path": "/run"}}])
    assert settled(both, client="c") == settled(both) == ("c", "e", "/run/docker.sock")
    assert "mounts" not in roles(both, "f").why[-1]


def test_a_container_that_is_both_does_its_own_work() -> None:
    """Who takes its command takes its engine: it may register with somebody."""
    who = roles(pod(container("r", "act_runner:dind")), "f")
    assert who.why[-1] == "r is the client: the pod has no other container; it is its own engine, and does its own work"


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("moby/buildkit:rootless", "c is BuildKit, which has no Docker API"),
        ("earthly/buildkitd:v0.8", "c is BuildKit, which has no Docker API"),
        ("registry.dagger.io/engine:v0.18.0", "c is Dagger's BuildKit, which has no Docker API"),
        ("gcr.io/kaniko-project/executor", "c is Kaniko, which builds in its own container"),
        ("quay.io/buildah/stable", "c is Buildah, which has no Docker API"),
        ("concourse/concourse:7", "c is Concourse's worker, which has no Docker API"),
        ("quay.io/podman/stable", "c is Podman, which has a Docker API where it runs `podman system service`"),
        ("joyrex2001/kubedock:0.18", "c is kubedock, which makes each container a pod of its own"),
        (
            "ghcr.io/coder/envbox:0.6.7",
            "c is Coder's envbox: the engine of its user is in a container that it starts itself, of an image of its own",
        ),
        ("testcontainers/testcontainers-cloud-agent", "c is Testcontainers Cloud's agent, whose containers are in that cloud"),
    ],
)
def test_who_builds_or_runs_without_an_engine_is_named(image: str, words: str) -> None:
    with pytest.raises(UsageError, match="no engine that could be found") as refused:
        roles(pod(container("other"), container("c", image)), "f")
    assert refused.value.sentence.endswith(f" {words}.")
    remedies = {
        "`podman": "let c run it",
        "envbox": "--engine c checks the engine that starts that container",
        "kubedock": "what can be checked is",
        "cloud": "what can be checked is",
    }
    other = "conformance list names the builders"
    assert next((remedy for part, remedy in remedies.items() if part in words), other) in refused.value.remedy


def test_kubedock_is_named_where_a_variable_turns_it_on() -> None:
    """As Eclipse Che's developer image has it, whose entrypoint starts it."""
    with pytest.raises(UsageError, match="dev is kubedock, which makes each container a pod of its own"):
        roles(pod(container("dev", env=env(KUBEDOCK_ENABLED="true", DOCKER_HOST="tcp://127.0.0.1:2475"))), "f")
    with pytest.raises(UsageError) as off:
        roles(pod(container("dev", env=env(KUBEDOCK_ENABLED="false"))), "f")
    assert "kubedock" not in off.value.sentence


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:2375", "tcp://localhost:2375"])
def test_an_address_of_the_pod_itself_need_not_have_a_scheme(host: str) -> None:
    """Argo's own example of a sidecar has one without (examples/sidecar-dind.yaml)."""
    elsewhere = container("a", env=env(DOCKER_HOST="build-vm:2375"))
    talking = container("b", env=env(DOCKER_HOST=host))
    assert settled(pod(elsewhere, talking, container("e", "docker:dind")))[0] == "b"
    with pytest.raises(UsageError, match="build-vm:2375, which is not in this pod") as refused:
        roles(pod(elsewhere, talking), "f")
    assert f"{host}, which" not in refused.value.sentence.replace("build-vm:2375", "")


def test_a_remedy_names_who_may_be_the_engine() -> None:
    privileged = container("all", "systemd", securityContext={"privileged": True})
    with pytest.raises(UsageError, match="no engine") as refused:
        roles(pod(container("c"), privileged), "f")
    assert refused.value.remedy == "--engine all says that it is one, --socket PATH where it listens"
    with pytest.raises(UsageError, match="no engine") as refused:
        roles(pod(container("c"), container("d")), "f")
    assert refused.value.remedy == "--engine c or d says which is one, --socket PATH where it listens"


@pytest.mark.parametrize("host", ["tcp://docker.ci:2375", "ssh://me@there", "npipe:////./pipe/docker_engine"])
def test_of_an_engine_elsewhere_the_remedy_is_to_check_the_pod_that_has_it(host: str) -> None:
    with pytest.raises(UsageError, match="which is not in this pod") as refused:
        roles(pod(container("c", env=env(DOCKER_HOST=host))), "f")
    assert (
        refused.value.remedy == "check the pod that has that engine; of one in this pod --engine NAME says which container it is"
    )


def test_a_name_of_the_pods_own_is_in_this_pod() -> None:
    spec = {"hostAliases": [{"ip": "127.0.0.1", "hostnames": ["docker"]}]}
    with pytest.raises(UsageError, match="no engine") as refused:
        roles(pod(container("c", env=env(DOCKER_HOST="tcp://docker:2375")), **spec), "f")
    assert "not in this pod" not in refused.value.sentence


@pytest.mark.parametrize(
    ("engine", "of_pod", "socket"),
    [
        (container("e", "docker:dind-rootless"), None, "/run/user/1000/docker.sock"),
        (container("e", "docker:dind-rootless", securityContext={"runAsUser": 0}), 5, DOCKER),
        (container("e", "docker:dind", securityContext={"runAsUser": 1001}), None, "/run/user/1001/docker.sock"),
        (container("e", "docker:dind"), 1002, "/run/user/1002/docker.sock"),
        (container("e", "docker:dind", env=env(XDG_RUNTIME_DIR="/x")), 1002, "/x/docker.sock"),
        (container("e", "docker:dind", args=["dockerd", "--debug"]), 1002, "/run/user/1002/docker.sock"),
        (container("e", "i", command=["dockerd-rootless.sh"]), None, "/run/user/1000/docker.sock"),
    ],
)
def test_a_rootless_engine_has_its_socket_where_its_user_has_it(engine: dict[str, Any], of_pod: int | None, socket: str) -> None:
    """The entrypoint of docker:dind asks whose it is (docker-library/docker, dockerd-entrypoint.sh), and not its image's name."""
    assert settled(pod(container("c"), engine, securityContext={"runAsUser": of_pod}))[2] == socket
