"""Visibility and security: lists that could not hold a child, witnesses that disagree, powers that are somebody else's."""

from __future__ import annotations

from hack.mutants.disguises import Leg, of


@of("dood.foreground")
def a_cri_that_lists_nothing(leg: Leg) -> None:
    """The list of the node's CRI is empty: it does not hold the pod's own containers either."""
    leg.give("containers known to the CRI", {"tasks": []})


@of("dind.foreground")
def an_engine_that_does_not_list_its_child(leg: Leg) -> None:
    """The leg's own engine does not list the child, so it was not there to be listed by the node's."""
    leg.change("containers of the leg's engine", body="[]")


@of("dood.foreground")
def a_client_that_names_the_daemon_of_the_node(leg: Leg) -> None:
    """The client says that it reaches the node's daemon, which does not have its container (NC-28)."""
    leg.change("containers of the node's engine", body="[]")


@of("dind.foreground")
def another_daemon_on_the_port(leg: Leg) -> None:
    """On port 2375 serves a daemon that is not the child's (NC-25)."""
    leg.say("who serves there", lambda body: {**body, "ID": "another"})


@of("dind.foreground")
def a_client_that_is_led_elsewhere(leg: Leg) -> None:
    """DOCKER_HOST is as the article says, and the client reaches another daemon (NC-01)."""
    leg.change("client's docker info", stdout="another\n")


@of("dind.foreground")
def a_child_whose_pid_was_given_again(leg: Leg) -> None:
    """What has the child's pid among the node's processes, and above which its ancestors were read, began later."""
    leg.last("child's ancestors")[0]["start"] += 1
    for process in leg.last("the child among the node's processes"):
        process["start"] += 1


@of("dind.foreground")
def a_child_that_fell_silent(leg: Leg) -> None:
    """The child did not serve while it was looked for, so it may have ended."""
    leg.give("the child's page meanwhile", {"outcome": "timeout"})


@of("dind.foreground")
def a_child_without_a_namespace_of_its_own(leg: Leg) -> None:
    """The child runs below the engine's first process, in the same PID namespace."""
    child = leg.last("child's ancestors")[0]
    child["nspid"] = child["nspid"][:2]


@of("dind.foreground")
def another_daemon_on_the_ip_of_the_pod(leg: Leg) -> None:
    """On the engine's port of the pod's IP answers a daemon that is not the leg's."""
    for reading in leg.readings("asked for the engine's API"):
        reading["output"]["body"] = '{"ID":"another"}'


@of("dind.foreground")
def a_silent_port_of_the_engine(leg: Leg) -> None:
    """Nobody refused and nobody answered on the engine's port."""
    leg.give("asked for the engine's API", {"outcome": "timeout"})


@of("dood.foreground")
def a_namespace_that_refuses_everyone(leg: Leg) -> None:
    """The namespace refuses Pod A, too."""
    leg.change("Pod A under baseline", refused="pods is forbidden: violates PodSecurity")


@of("dood.foreground")
def a_pod_that_is_refused_for_its_quota(leg: Leg) -> None:
    """The pod is refused, and not for what the standard forbids."""
    leg.change("the pod under baseline", refused="pods is forbidden: exceeded quota")


@of("dood.foreground")
def a_child_without_a_filter(leg: Leg) -> None:
    """The child has an ordinary container's capabilities, and no seccomp filter."""
    leg.last("child")["process"]["seccomp"] = "0"


@of("dood.foreground")
def a_child_with_one_capability_more(leg: Leg) -> None:
    """The child is filtered, and may administrate the system."""
    leg.last("child")["process"]["capabilities"] = "00000000a82425fb"


@of("dood.foreground")
def a_child_of_a_user_who_may_get_every_capability(leg: Leg) -> None:
    """The child is filtered, is not root, and has no capability; a setuid program gets it whatever there is."""
    leg.last("child")["process"] |= {"capabilities": "0000000000000000", "bounding": "000001ffffffffff"}


@of("dind.foreground-forced")
def a_client_that_is_privileged_itself(leg: Leg) -> None:
    """The client has every capability that there is, so nothing is taken through its daemon."""
    client = leg.last("client: ancestry")
    client[0]["capabilities"] = client[-1]["capabilities"]


@of("dind.foreground-forced")
def a_file_that_the_node_does_not_show(leg: Leg) -> None:
    """The file that is looked for could not be seen on the node, so that the child does not see it says nothing."""
    file = leg.readings("mounting: node")[-1]["asked"]["paths"][1]
    leg.last("mounting: node")[file] = {"exists": False, "error": "EACCES"}


@of("dood.foreground")
def a_client_that_says_nothing(leg: Leg) -> None:
    """The client ends with 0 and tells nothing of the container that it was asked for (NC-28)."""
    leg.change("foreign container, by the client", stdout="[]\n")


@of("dood.foreground")
def a_directory_that_is_nobodys(leg: Leg) -> None:
    """What is mounted is neither the client's directory nor the daemon's."""
    mounted = leg.readings("the mounted directory")[-1]
    mounted["output"][mounted["asked"]["paths"][0]]["inode"] = 4242


@of("pod.plain")
def a_pod_whose_containers_have_two_networks(leg: Leg) -> None:
    """One container answers by a proxy: its network is another."""
    for process in leg.last("pod's processes"):
        if process["comm"].startswith("mariadbd") or process["comm"].startswith("mysql"):
            process["ns"]["net"] = "net:[1]"


@of("pod.plain")
def a_port_that_answers_something_else(leg: Leg) -> None:
    """Something accepts connections on MySQL's port and greets as a mail server does."""
    leg.change("greeting on the pod's IP", said="220 mail.example ESMTP")
