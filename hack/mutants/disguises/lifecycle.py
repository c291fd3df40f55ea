"""Lifecycle: ends that are none, and orphans that are somebody else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hack.mutants.disguises import Leg, of


def _of_child(leg: Leg) -> Iterator[dict[str, Any]]:
    """Yield the events of the child's process."""
    pid = leg.last("child")["process"]["pid"]
    yield from (event for event in leg.last("deletion")["events"] if event.get("pid") == pid)


@of("dood.detached")
def a_pid_that_was_given_again(leg: Leg) -> None:
    """The child has ended unseen, and another process with its nonce has its pid."""
    for process in leg.last("orphan"):
        process["start"] += 1


@of("dood.detached")
def an_orphan_that_does_not_serve(leg: Leg) -> None:
    """The process is still there, and nobody answers."""
    leg.give("orphan's page", {"outcome": "ECONNREFUSED"})


@of("dood.detached")
def a_watch_that_ended_before_the_pod(leg: Leg) -> None:
    """The pod's own processes had not ended when the watch did: nobody knows what the child would have done."""
    leg.change("deletion", pod_over=False)


@of("dood.detached")
def a_pod_that_nobody_followed(leg: Leg) -> None:
    """No process of the pod was followed, so nothing tells when it was over."""
    deletion = leg.last("deletion")
    deletion["followed"] = [process for process in deletion["followed"] if process["role"] == "child"]


@of("dind.foreground")
def a_child_that_its_engine_starts_again(leg: Leg) -> None:
    """The child's process ended, and another of its container serves the nonce afterwards."""
    leg.add("successors", [{**leg.last("child")["process"], "pid": 4711, "start": 99}])
    leg.add("successor's page", {"outcome": "served", "body": leg.nonce})


@of("dind.foreground")
def a_successor_without_the_environment_of_the_child(leg: Leg) -> None:
    """Nothing has the nonce in its environment, and the child's page is served on its port of the node (NC-47)."""
    leg.add("successors", [])
    leg.add("the child's port of the node after it", {"outcome": "served", "body": leg.nonce}, port=20001)


@of("dind.foreground")
def a_graph_that_another_engine_has(leg: Leg) -> None:
    """Nothing has the nonce any more, and the graph of the child's engine is mounted in somebody else's namespace (NC-68)."""
    leg.add("successors", [])
    leg.add("who has its engine's graph after it", {"mnt:[9]": ["1 2 8:1 /kept /var/lib/docker rw - ext4 /dev/sda1 rw"]})


@of("dind.engine-killed")
def an_engine_that_starts_its_child_again(leg: Leg) -> None:
    """The killed engine's child ended, and the engine that kubelet started again has started it again."""
    leg.add("successors after it", [{**leg.last("child")["process"], "pid": 4711, "start": 99}])
    leg.add("successor's page after it", {"outcome": "served", "body": leg.nonce})


@of("dind.engine-killed")
def a_client_that_starts_another_child(leg: Leg) -> None:
    """Kubelet has started the client again, which has started another container with the nonce."""
    other = {**leg.last("child")["process"], "pid": 4711, "start": 99, "cgroup": f"1:cpu:/docker/{'e' * 64}\n"}
    leg.add("successors after it", [other])
    leg.add("successor's page after it", {"outcome": "served", "body": leg.nonce})


@of("dind.foreground")
def a_child_that_was_not_there_any_more(leg: Leg) -> None:
    """The child was absent when the watch began."""
    for event in _of_child(leg):
        event["event"] = "absent" if event["event"] == "gone" else event["event"]


@of("dind.foreground")
def a_child_that_ended_by_itself(leg: Leg) -> None:
    """The child ended while it was watched, a second before the pod was deleted."""
    deletion = leg.last("deletion")
    for event in _of_child(leg):
        event["at"] = deletion["delete_called"] - deletion["uncertainty"] - 1


@of("dind.foreground")
def a_child_that_was_not_told(leg: Leg) -> None:
    """The child's notes were read, and there is no SIGTERM among them."""
    deletion = leg.last("deletion")
    deletion["events"] = [event for event in deletion["events"] if event["event"] != "noted"]


@of("dind.foreground")
def notes_that_nobody_could_read(leg: Leg) -> None:
    """The child's notes could not be read, so that there is no SIGTERM among them says nothing."""
    a_child_that_was_not_told.edit(leg)
    for event in leg.last("deletion")["events"]:
        event.pop("noting", None)


@of("dind.deaf")
def a_child_that_takes_its_time(leg: Leg) -> None:
    """The child ended after the grace of its pod."""
    leg.change("deletion", manifest_grace=5)


@of("dind.engine-killed")
def a_kill_of_nobody(leg: Leg) -> None:
    """There was nothing to kill any more."""
    leg.give("killed", output=False)


@of("dind.engine-killed")
def a_child_that_had_ended_before_the_kill(leg: Leg) -> None:
    """The child had ended before anything was killed."""
    leg.give("child before it", output=False)


@of("dind.engine-killed")
def an_engine_that_nobody_started_again(leg: Leg) -> None:
    """Kubelet counts no restart: whoever answers is the engine of before."""
    for status in leg.last("pod of the engine that was started again")["status"]["containerStatuses"]:
        status["restartCount"] = 0


@of("dind.foreground-forced")
def a_job_whose_command_failed(leg: Leg) -> None:
    """The Job waits for nothing: it has failed, and its engine was not ended yet."""
    leg.last("job").setdefault("status", {})["failed"] = 1


@of("dind.engine-killed")
def an_engine_that_was_not_killed(leg: Leg) -> None:
    """What listened on the engine's port was a forwarder in the pod: the engine answers."""
    leg.add("engine after it", {"status": 200, "body": "OK", "lost": ""})


@of("dind.detached")
def a_client_that_passes_its_signal_on(leg: Leg) -> None:
    """The client ends at once, before its child: it did not work on."""
    deletion = leg.last("deletion")
    deletion["client"] = 424242
    deletion["events"].append({"event": "gone", "pid": 424242, "at": deletion["delete_called"] + 0.3})


@of("dind.engine-killed")
def an_engine_that_was_killed_again(leg: Leg) -> None:
    """Somebody else kills the engine, too, whenever it is started: that it does not answer is not its own doing."""
    leg.give("engine that was started again", {"status": 0, "body": "", "lost": "ConnectionRefusedError(111)"})
    last = {"terminated": {"exitCode": 137, "startedAt": "10:00:01Z", "finishedAt": "10:00:17Z"}}
    for status in leg.last("pod of the engine that was started again")["status"]["containerStatuses"]:
        status.update(restartCount=2, lastState=last)


@of("dind.foreground")
def somebody_who_still_names_the_child(leg: Leg) -> None:
    """A process of the node has the child's container in its words when that has ended."""
    leg.add("who names it after it", [{"pid": 4711, "comm": "sh"}])


@of("dood.foreground")
def an_exec_in_a_pod_that_is_not_over(leg: Leg) -> None:
    """What an exec's client started goes on, and so does the pod: nobody knows whether it would."""
    leg.add("exec", {"status": 200, "body": ""})
    leg.add("exec: processes", [leg.last("child")["process"]])
    leg.add("exec afterwards", True)
    leg.change("deletion", pod_over=False)


@of("dood.detached-forced")
def an_execs_client_that_ended_by_itself(leg: Leg) -> None:
    """The command in the child ended before its client was told to, which so was told nothing."""
    leg.add("told-exec", {"exit": 0, "stdout": "began\n", "stderr": "", "seconds": 0.4})
    leg.add("told-exec afterwards", [])


@of("dood.detached-forced")
def a_command_in_the_child_that_never_began(leg: Leg) -> None:
    """The client hung until it was told to end: the engine had not started the command."""
    leg.add("told-exec", {"exit": 124, "stdout": "", "stderr": "", "seconds": 2.1})
    leg.add("told-exec afterwards", [])
