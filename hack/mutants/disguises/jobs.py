"""Jobs: what was built, pulled, composed, and what only seemed to be."""

from __future__ import annotations

from hack.mutants.disguises import Leg, of

LATE = {"status": 0, "body": "", "lost": "TimeoutError('timed out')"}


@of("dood.reuse")
def a_registry_whose_log_is_cut(leg: Leg) -> None:
    """The registry's log has no request of the second pull: that it sent nothing would prove nothing."""
    leg.give("second served", leg.last("second served before the pull"))


@of("dood.reuse")
def a_first_job_that_was_not_the_first(leg: Leg) -> None:
    """The daemon had the layer before: the registry sent nothing for the first pull."""
    leg.give("served before the pull", leg.last("served"))


@of("dind.reuse-kept")
def a_first_engine_that_is_gone(leg: Leg) -> None:
    """The engine that had the graph did not answer while the third pod's tried: nobody shared it."""
    leg.give("second engine meanwhile", LATE)


@of("dood.reuse")
def a_build_that_was_quick_and_new(leg: Leg) -> None:
    """The second build ended as fast as from a cache, and its last layer is another."""
    leg.say("second built image", lambda body: body["RootFS"]["Layers"].append("sha256:another"))


@of("dood.reuse")
def a_build_of_nothing(leg: Leg) -> None:
    """The first build's layer is empty: the recipe did not do what it says."""
    leg.say("built image's history", lambda body: [{**body[0], "Size": 0}, *body[1:]])


@of("dood.foreground-forced")
def a_page_of_another_container(leg: Leg) -> None:
    """The page that was built is served, by a container that is not of the image."""
    leg.say("built: containers", lambda body: [{**container, "Id": "0" * 64} for container in body])


@of("dood.foreground-forced")
def an_image_that_nobody_lists(leg: Leg) -> None:
    """The leg's daemon did not answer when it was asked for the image."""
    for name in ("built: image", "image for kubelet"):
        leg.give(name, LATE)


@of("dood.foreground-forced")
def a_compose_that_says_it_failed(leg: Leg) -> None:
    """Both services run, and docker compose ended with 1."""
    leg.change("compose", exit=1)


@of("dind.foreground-forced")
def a_project_that_nobody_lists(leg: Leg) -> None:
    """The leg's own daemon lists nothing of the project, so that the node's does not either proves nothing."""
    for name in ("compose: containers", "compose: networks"):
        leg.change(name, body="[]")


@of("dind.foreground-forced")
def a_node_engine_that_does_not_list(leg: Leg) -> None:
    """The node's own engine did not say what it has."""
    for name in ("compose: node's containers", "compose: node's networks"):
        leg.give(name, LATE)


@of("dood.foreground-forced")
def a_word_of_kubelet_on_something_else(leg: Leg) -> None:
    """Kubelet has not come to the image: the container's configuration is wrong."""
    status = leg.last("pod of the built image")["status"]["containerStatuses"][0]
    status["state"] = {"waiting": {"reason": "CreateContainerConfigError"}}


@of("dood.foreground")
def an_old_client_that_ends_well(leg: Leg) -> None:
    """The client ends with 0, and the engine takes no such version: something else answered it."""
    leg.say("engine's version", lambda body: {**body, "MinAPIVersion": "1.44"})


@of("article-dind.printed")
def a_client_that_fails_otherwise(leg: Leg) -> None:
    """The client of the printed manifest ended, and does not say that no engine answered."""
    leg.give("client's log", "docker: no such command\n")


@of("article-dood.printed")
def a_mount_point_that_was_never_there(leg: Leg) -> None:
    """The directory of the pod's token was not on the node while the pod was, nor afterwards."""
    for name in ("mount point before", "mount point after"):
        leg.give(name, {path: {"exists": False, "error": "ENOENT"} for path in leg.last(name)})
