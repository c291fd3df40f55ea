"""What people repeat about containers inside a pod: each in our words, who says it, and the cells that bear it out or do not.

Nothing here says what is so: `conformance.analysis.beliefs` holds it against what runs have observed.
"""

from __future__ import annotations

from conformance.claims.belief import Belief, each
from conformance.claims.observations import HOLDS, LACKS
from conformance.claims.speakers import (
    ARGO,
    BANDWIDTH,
    CHART,
    CODE_SERVER,
    DOCKER_ATTACKS,
    DOCKER_HOST,
    DOCKER_RESTARTS,
    DOCKER_SECCOMP,
    DOCKER_SOCKET,
    GITLAB,
    GITLAB_RUNNER,
    JENKINS,
    KIND,
    KUBERNETES_DOCKERSHIM,
    KUBERNETES_POLICIES,
    KUBERNETES_SIDECARS,
    KUBERNETES_STANDARDS,
    KUBERNETES_STORAGE,
    KUBERNETES_VOLUMES,
    MADEL,
    PETAZZONI,
    README,
    RUNNER_39141,
    RUNNERS,
    thread,
)

BELIEFS = (
    Belief(
        "Limits that are set in a pod do not bind what the pod's own Docker runs.",
        (GITLAB_RUNNER, thread("docker-library/docker", 51), thread(RUNNERS, 2284), thread("moby/moby", 45378)),
        each(LACKS, "dind", "P2-13", "P2-13.memory", "P2-13.cpu"),
        "GitLab Runner's documentation says it of builds; what was measured is docker run.",
    ),
    Belief(
        "The Docker daemon reports the whole node's capacity, whatever limits the pod has.",
        (GITLAB_RUNNER, thread(RUNNERS, 2748)),
        {**each(HOLDS, "dood", "G-02"), **each(HOLDS, "dind", "G-02")},
    ),
    Belief(
        "A program in such a container cannot see the limit that binds it.",
        (RUNNER_39141, thread("kubernetes-sigs/kind", 2848)),
        each(LACKS, "dind", "P2-13.visible"),
        "Asked is for all of its limits, of memory and of CPU: the reason says which it cannot see.",
    ),
    Belief(
        "A pod whose limits are changed while it runs does not pass them on to what its own Docker runs.",
        (thread("docker-library/docker", 285),),
        each(LACKS, "dind", "P2-13.resized"),
        "The thread is of docker update; a resize of Kubernetes asks a runtime for the same. The mends reckon their part of the "
        "limit once: of them P2-13.resized is another question.",
    ),
    Belief(
        "A group cannot be given more CPU time than the group that it is in.",
        (BANDWIDTH,),
        each(HOLDS, "dind", "P2-13.more"),
        "On cgroup v1 the kernel refuses it; on v2 it takes it, and the group above binds all the same.",
    ),
    Belief(
        "kubectl top and what reads the same account miss what the pod's own Docker runs.",
        (thread(RUNNERS, 2284),),
        each(LACKS, "dind", "P2-24"),
    ),
    Belief(
        "kubelet's metrics count nested containers more than once for their pod.",
        (thread("kubernetes/kubernetes", 129253), thread("google/cadvisor", 3433)),
        each(LACKS, "dind", "P2-24.metrics"),
        "Asked is of the series that name the pod; who sums up all below its path has the child's own series besides.",
    ),
    Belief(
        "The scheduler has no way to track containers that were started through the node's socket.",
        (MADEL,),
        each(LACKS, "dood", "P2-03", "P2-12", "P2-24"),
    ),
    Belief(
        "kubelet sees what a Docker in the pod starts, and would end it.",
        (CODE_SERVER,),
        each(HOLDS, "dind", "P2-03"),
    ),
    Belief(
        "Docker in Docker has nothing to do with the container system of the node.",
        (JENKINS,),
        {**each(HOLDS, "dind", "P2-15"), **each(LACKS, "dind", "P1-01", "G-01", "P2-15.process")},
    ),
    Belief(
        "Who may use Docker's socket may do on the node what root may.",
        (DOCKER_ATTACKS, GITLAB),
        each(LACKS, "dood", "P1-06", "P1-07", "S-06", "S-07"),
    ),
    Belief(
        "Through the socket a job reaches the node's other containers, and can remove them.",
        (GITLAB_RUNNER, GITLAB),
        {**each(HOLDS, "dood", "G-01"), **each(LACKS, "dood", "S-09", "S-10")},
    ),
    Belief(
        "Privileged, as Docker in Docker must be, is full access to the node.",
        (README,),
        {**each(HOLDS, "dind", "H-01"), **each(LACKS, "dind", "S-07")},
    ),
    Belief(
        "An engine on TCP without TLS is everybody's who reaches the pod, its own containers among them.",
        (README,),
        each(LACKS, "dind", "H-02", "S-01", "S-02", "S-03"),
    ),
    Belief(
        "An engine that listens on a unix socket alone is not on the network: no other pod can command it.",
        (DOCKER_SOCKET,),
        each(HOLDS, "nc-19-unix", "H-02"),
    ),
    Belief(
        "The namespace's baseline standard keeps out both: the socket's volume and the privileged container.",
        (KUBERNETES_STANDARDS,),
        {**each(HOLDS, "dood", "K-05"), **each(HOLDS, "dind", "K-05")},
    ),
    Belief(
        "Docker's default seccomp filter and capabilities are also those of a container of a privileged pod's own Docker.",
        (DOCKER_SECCOMP,),
        each(HOLDS, "dind", "S-16"),
    ),
    Belief(
        "An engine in a container confuses AppArmor or SELinux.",
        (PETAZZONI,),
        each(LACKS, "dind", "J-01"),
    ),
    Belief(
        "Containers that are started through the socket are siblings of the job, not its children.",
        (GITLAB,),
        each(HOLDS, "dood", "P1-02"),
    ),
    Belief(
        "Through the socket, concurrent jobs that name what they make get into each other's way.",
        (GITLAB,),
        each(LACKS, "dood", "P2-04", "P1-05", "P2-07", "P2-22"),
    ),
    Belief(
        "With Docker in Docker, concurrent jobs do not conflict.",
        (GITLAB,),
        each(HOLDS, "dind", "P2-04", "P1-05", "P2-07", "P2-22"),
    ),
    Belief(
        "Through the socket, directories are mounted from the node and not from the job's container.",
        (GITLAB,),
        each(LACKS, "dood", "G-05"),
    ),
    Belief(
        "With Docker in Docker, directories are mounted from the engine's container: the job's files are not there.",
        (ARGO,),
        each(LACKS, "dind", "G-05"),
        "Argo Workflows' cure, and that of actions-runner-controller's chart: a volume at the same path in both containers.",
    ),
    Belief(
        "With Docker in Docker each job begins without a cache of layers.",
        (GITLAB, PETAZZONI),
        each(LACKS, "dind", "J-05", "P2-23.unkept", "J-04.pod"),
    ),
    Belief(
        "Through the socket, what one job has built is there for the next.",
        (PETAZZONI,),
        each(HOLDS, "dood", "J-05", "P2-23.unkept"),
    ),
    Belief(
        "A restart of the engine's container takes its cache with it.",
        (PETAZZONI,),
        each(LACKS, "dind", "J-04"),
        "The graph was on an emptyDir of the pod.",
    ),
    Belief(
        "What is in an emptyDir survives the end of a container, and goes with its pod.",
        (KUBERNETES_VOLUMES,),
        {**each(HOLDS, "dind", "J-04", "P2-21"), **each(LACKS, "dind", "J-04.pod")},
    ),
    Belief(
        "Two engines that share /var/lib/docker do not work.",
        (PETAZZONI,),
        each(LACKS, "dind", "J-03", "P2-23.shared"),
    ),
    Belief(
        "On its container's own file system an engine has no copy-on-write driver; on a volume it has.",
        (PETAZZONI,),
        each(LACKS, "dind", "J-02"),
    ),
    Belief(
        "A pod that stores more than its limit of ephemeral storage is evicted, whatever in it stores.",
        (KUBERNETES_STORAGE,),
        {**each(HOLDS, "dind", "K-03"), **each(HOLDS, "dood", "K-03")},
    ),
    Belief(
        "An emptyDir in memory counts as memory of its pod.",
        (KUBERNETES_VOLUMES,),
        each(HOLDS, "dind", "K-04"),
    ),
    Belief(
        "An image that Docker has built on a node is not there for the pods of a runtime other than Docker.",
        (KUBERNETES_DOCKERSHIM,),
        {**each(LACKS, "dood", "K-01"), **each(LACKS, "dind", "K-01")},
    ),
    Belief(
        "The first docker command comes before the engine is ready, so a job must wait for it.",
        (ARGO, thread(RUNNERS, 3201)),
        each(LACKS, "article-dind", "P2-17.first"),
    ),
    Belief(
        "A Job whose pod has the engine beside its command is never complete.",
        (thread(RUNNERS, 1291),),
        each(LACKS, "dind", "K-02"),
    ),
    Belief(
        "An engine as a sidecar of Kubernetes' own kind does not keep a Job from being complete.",
        (KUBERNETES_SIDECARS, CHART),
        each(HOLDS, "nc-23", "K-02"),
    ),
    Belief(
        "When a pod is drained, its engine ends before the job that still works with it.",
        (thread(RUNNERS, 1535), thread(RUNNERS, 3600)),
        each(LACKS, "dind", "DRAIN"),
    ),
    Belief(
        "A container goes on when the client that started it was killed.",
        (thread("moby/moby", 3793),),
        {**each(LACKS, "dood", "L-01"), **each(LACKS, "dind", "L-01")},
    ),
    Belief(
        "What was started through the socket goes on when its pod is deleted.",
        (thread("moby/moby", 20171),),
        {**each(LACKS, "dood.foreground", "P2-10"), **each(LACKS, "dood.detached", "P2-10"), **each(LACKS, "dood", "P2-10.deaf")},
        "A client in the foreground that is told to end passes it on.",
    ),
    Belief(
        "When the pod's engine dies, what it had started goes on.",
        (thread("buildkite/docker-buildkite-agent", 43),),
        each(LACKS, "dind", "L-02"),
        "The thread is of an engine beside an agent in one container, which lives on; here its container is the engine's alone.",
    ),
    Belief(
        "A container of policy on-failure is not started again because its engine is.",
        (DOCKER_RESTARTS,),
        each(HOLDS, "dood", "L-05.on-failure"),
        "An engine goes by the code with which a container ended, and who ends by a signal has not 0 (moby/moby#47846).",
    ),
    Belief(
        "A container that was stopped stays so across its engine's restart with policy unless-stopped, and not with always.",
        (DOCKER_RESTARTS,),
        {**each(HOLDS, "dood", "L-05.unless-stopped"), **each(LACKS, "dood", "L-05.always")},
    ),
    Belief(
        "Cgroups of containers that have ended pile up on the node.",
        (thread("kunobi-ninja/kobe", 166),),
        each(LACKS, "dind", "K-07"),
    ),
    Belief(
        "A container has a larger MTU than its pod on a network that a job makes, whatever the engine was told.",
        (thread("actions/runner", 2966), thread(RUNNERS, 1046)),
        each(LACKS, "dind", "MTU.network"),
        "Where the pod's own takes what Docker takes, 1500, nothing is larger: the reason has both.",
    ),
    Belief(
        "A network that a job makes in its pod takes addresses of nodes or services away from it.",
        (thread(RUNNERS, 1652), thread(RUNNERS, 1971), thread("devtron-labs/devtron", 1130)),
        each(LACKS, "dind", "ROUTES"),
    ),
    Belief(
        "On a network of its own a container of the pod's Docker does not resolve a Service by its short name.",
        (thread("moby/moby", 53104),),
        each(LACKS, "dind", "DNS.network-short"),
        "It depends on the C library of who asks: Debian's goes on to the search list when the engine's resolver has no answer.",
    ),
    Belief(
        "Rules that a mesh makes in a pod do not mean what the pod's own Docker runs.",
        (thread("istio/istio", 33941), thread("istio/istio", 55343), thread("linkerd/linkerd2", 3107)),
        each(LACKS, "dind", "RULES.out", "RULES.redirect", "RULES.in"),
    ),
    Belief(
        "A NetworkPolicy of a pod binds what its own Docker runs, and not what is started through the socket.",
        (KUBERNETES_POLICIES,),
        {**each(HOLDS, "dind", "S-12"), **each(LACKS, "dood", "S-12")},
    ),
    Belief(
        "host-gateway is the address of the host.",
        (DOCKER_HOST,),
        {**each(LACKS, "dood", "GATEWAY"), **each(LACKS, "dind", "GATEWAY")},
        "To an engine in a pod the pod is the host.",
    ),
    Belief(
        "Inotify instances are the node's: what one pod's containers take, kubelet and others lack.",
        (KIND, thread("kubernetes-sigs/kind", 2586)),
        {**each(LACKS, "dood", "S-17"), **each(LACKS, "dind", "S-17")},
    ),
    Belief(
        "kubelet cannot run commands in an engine's container that has moved itself to another cgroup, as the mends do.",
        (thread("opencontainers/runc", 5089),),
        {**each(LACKS, "dind-cgroupns", "K-06"), **each(LACKS, "dind-cgroup-parent", "K-06")},
        "The thread is of runc 1.4.0, and of cgroup v2.",
    ),
    Belief(
        "What a client has started in a container goes on when that client is told to end: docker exec passes no signal on.",
        (thread("moby/moby", 9098), thread("docker/cli", 5309)),
        {**each(LACKS, "dood", "EXEC.told"), **each(LACKS, "dind", "EXEC.told")},
    ),
    Belief(
        "A job that is ended leaves its networks behind, until the engine has no more addresses for another.",
        (thread("buildkite-plugins/docker-compose-buildkite-plugin", 100), thread("woodpecker-ci/woodpecker", 1570)),
        {**each(LACKS, "dood", "NETWORK"), **each(LACKS, "dind", "NETWORK")},
        "An engine's own pools have 31 networks.",
    ),
    Belief(
        "What an exec has started in a pod goes on when whoever asked for it has gone.",
        (thread("kubernetes/kubernetes", 89031), thread("k3s-io/k3s", 13749)),
        {**each(LACKS, "dood", "EXEC"), **each(LACKS, "dind", "EXEC")},
        "Asked is of a container that docker run of an exec has started, and of the pod's deletion.",
    ),
    Belief(
        "What a pod's hosts file has (hostAliases) its Docker's containers do not take over.",
        (thread("gitpod-io/gitpod", 2739),),
        {**each(LACKS, "dood", "SETTINGS.hosts"), **each(LACKS, "dind", "SETTINGS.hosts")},
    ),
    Belief(
        "A sysctl of the network that is set where the engine is does not reach its containers: each has to be told.",
        (thread("docker/for-linux", 1068), thread("moby/moby", 36070)),
        {**each(LACKS, "dood", "SETTINGS.sysctls"), **each(LACKS, "dind", "SETTINGS.sysctls")},
        "Asked is of what a pod may set on any node: the range of local ports, and from which on who is not root may listen.",
    ),
    Belief(
        "Proxies that the pod's containers are told of have to be told to each container that its Docker runs, too.",
        (thread("docker-library/docker", 23), thread("actions/runner", 304)),
        {**each(LACKS, "dood", "SETTINGS.variable"), **each(LACKS, "dind", "SETTINGS.variable")},
        "Of a client that has them in its config.json nothing was asked: docker run passes those on.",
    ),
    Belief(
        "A container has 64 MiB of /dev/shm unless it is told otherwise, whatever its job's place has.",
        (thread("Fanzzzd/erainfra", 87), thread("c0b/chrome-in-docker", 1)),
        {**each(LACKS, "dood", "SETTINGS.memory"), **each(LACKS, "dind", "SETTINGS.memory")},
        "Here the pod's own containers have an emptyDir of 128 MiB in memory there.",
    ),
    Belief(
        "The token of a pod's service account cannot be mounted by its path into a container that its Docker runs.",
        (thread("aws/amazon-eks-pod-identity-webhook", 44), thread(RUNNERS, 246)),
        {**each(LACKS, "dood", "SETTINGS.token"), **each(LACKS, "dind", "SETTINGS.token")},
        "The path is the engine's: an engine in the pod has the token mounted, too.",
    ),
    Belief(
        "What a step's container writes to the job's files is root's, and the job's own user can neither change nor remove it.",
        (thread("actions/runner", 434), thread("actions/runner", 1282)),
        {**each(LACKS, "dood", "SETTINGS.owner"), **each(LACKS, "dind", "SETTINGS.owner")},
        "A file in the volume itself can be removed: that takes the right to write to its folder alone.",
    ),
    Belief(
        "For a volume that a pod shares with its Docker, the pod's fsGroup is what settles whose the files are.",
        (thread("docker-library/docker", 242),),
        {**each(HOLDS, "dood", "SETTINGS.owner"), **each(HOLDS, "dind", "SETTINGS.owner")},
        "kubelet gives the volume to the group when it mounts it; what is written later has the mode that its writer gives it, "
        "unless the volume has a default access list (NC-97).",
    ),
    Belief(
        "docker run -v has the job's files where runner and engine mount the same volume at the same path.",
        (thread(RUNNERS, 32), thread("azents/azents", 982)),
        each(HOLDS, "dind", "SETTINGS.workspace"),
    ),
    Belief(
        "Through the node's socket a path of a pod's volume leads to the node, where that volume is not at that path.",
        (thread("myoung34/docker-github-actions-runner", 27),),
        each(LACKS, "dood", "SETTINGS.workspace"),
        "Given the node's own path of it (/var/lib/kubelet/pods/...), the child had it.",
    ),
    Belief(
        "With --network=host a container that is started through the socket is in the node's network.",
        (thread("github/gh-aw-firewall", 10),),
        each(LACKS, "dood", "HOST.network", "HOST.processes"),
        "So it is with --pid=host and the node's processes.",
    ),
    Belief(
        "To what a Docker in a container starts, that container is the host.",
        (thread("kubernetes-sigs/kind", 52),),
        each(HOLDS, "dind", "HOST.network", "HOST.processes"),
    ),
    Belief(
        "That a container may gain no privileges does not bind what it starts through the socket.",
        (thread("vxcontrol/pentagi", 355),),
        {**each(LACKS, "dood", "SETTINGS.forbidden"), **each(LACKS, "dind", "SETTINGS.forbidden")},
        "Nor, here, what it starts with its pod's own engine.",
    ),
)
