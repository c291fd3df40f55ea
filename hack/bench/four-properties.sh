#!/usr/bin/env bash
# four-properties.sh: the article's four properties for DooD and then DinD, with kubectl and the kind nodes' own tools.
# What `make bench` compares a run with, so it is written to be quick: one look for each answer, no wait but the pods' own.
# Needs KUBECONFIG of a kind cluster whose nodes carry Docker Engine. Prints eight lines: approach, property, answer, why.
set -euo pipefail

approaches=$(dirname "$0")/../../conformance/approaches
run=four-properties-$$-$RANDOM
port=$((28100 + RANDOM % 1000))
manifest=$(mktemp)

die() {
    echo "four-properties: $*" >&2
    exit 1
}

# Remove the containers of a node's own engine whose nonce begins so, in whatever state they are, by their ids.
remove() { # NODE NONCE
    local id
    for id in $(docker exec "$1" sh -c 'docker ps -aq | xargs -r docker inspect --format "{{.Id}} {{.Config.Env}}"' |
        grep -F "CHILD_NONCE=$2" | cut -d ' ' -f 1); do
        docker exec "$1" docker rm --force --volumes "$id" >/dev/null
    done
}

clean_up() {
    local failed=$?
    trap '' INT TERM
    rm -f "$manifest"
    if ((failed)); then # cut short: first the pods, which could still start a child
        kubectl delete pods --all --namespace "$run" --now >/dev/null
        for node in $(kubectl get nodes -o 'jsonpath={.items[*].metadata.name}'); do
            remove "$node" "$run"
        done
    fi
    kubectl delete namespace "$run" --ignore-not-found --wait=false >/dev/null
}
trap clean_up EXIT
trap 'exit 1' INT TERM

answer() { # APPROACH PROPERTY HOLDS|LACKS WHY
    printf '%-5s %-10s %-6s %s\n' "$@"
}

page() { # NODE ADDRESS
    docker exec "$1" curl --silent --max-time 1 "http://$2:$port/" || true
}

# The processes that hold the child's nonce in their environment: those of its container, whatever they are called.
processes() { # NODE NONCE
    docker exec "$1" sh -c 'grep -lzx "CHILD_NONCE=$1" /proc/[0-9]*/environ 2>/dev/null | cut -d / -f 3' sh "$2"
}

# The approach's manifest with this run's nonce and port, and `docker run -d` in a container that is kept alive after it.
detached() { # APPROACH NONCE
    sed -e "s/^          value: article$/          value: $2/" \
        -e "s/^          value: \"80\"$/          value: \"$port\"/" \
        -e 's/^        - run$/&\n        - --detach/' \
        -e "0,/^      command:$/s//&\n        - sh\n        - -c\n        - '\"\$@\" \&\& exec sleep infinity'\n        - sh/" \
        "$approaches/$1.yaml"
}

judge() { # APPROACH
    local approach=$1 nonce=$run-$1 node pod_ip host_ip uid end pid cgroups upper
    detached "$approach" "$nonce" >"$manifest"
    kubectl apply --namespace "$run" -f "$manifest" >/dev/null
    kubectl wait --namespace "$run" --for=condition=Ready "pod/$approach" --timeout=60s >/dev/null
    read -r node pod_ip host_ip uid < <(kubectl get pod "$approach" --namespace "$run" \
        -o 'jsonpath={.spec.nodeName} {.status.podIP} {.status.hostIP} {.metadata.uid}{"\n"}')

    end=$((SECONDS + 60))
    until [[ $(page "$node" "$pod_ip") == "$nonce" || $(page "$node" "$host_ip") == "$nonce" ]]; do
        ((SECONDS < end)) || die "the child of $approach did not serve its nonce within 60 s"
        sleep 0.1
    done
    if [[ $(page "$node" "$pod_ip") == "$nonce" ]]; then
        answer "$approach" networking HOLDS "its page answers on the pod's IP"
    else
        answer "$approach" networking LACKS "its page answers on the node's IP, not on the pod's"
    fi

    pid=$(processes "$node" "$nonce")
    pid=${pid%%$'\n'*}
    [[ $pid ]] || die "no process on $node holds the nonce of $approach"
    # Memory's and CPU's own hierarchies, else the one of cgroup v2; systemd writes the pod's uid with underscores.
    cgroups=$(docker exec "$node" sh -c \
        'grep -E ":([a-z,]*,)?(memory|cpu)(,[a-z,]*)?:" "$1" || grep ^0:: "$1"' sh "/proc/$pid/cgroup" | tr _ -)
    if grep -qvF "pod$uid" <<<"$cgroups"; then
        answer "$approach" resources LACKS "outside the pod's limits: ${cgroups//$'\n'/ }"
    else
        answer "$approach" resources HOLDS "inside the pod's limits: ${cgroups//$'\n'/ }"
    fi

    # The writable layer as its engine names it; the engine in the pod keeps its layers in an emptyDir.
    upper=$(docker exec "$node" sed -n 's|^[^/]* / / .*upperdir=\([^,]*\).*|\1|p' "/proc/$pid/mountinfo")
    if [[ $approach == dind ]]; then
        upper=${upper/#\/var\/lib\/docker//var/lib/kubelet/pods/$uid/volumes/kubernetes.io~empty-dir/docker-graph-storage}
    fi
    [[ $(docker exec "$node" cat "$upper/usr/local/apache2/htdocs/index.html") == "$nonce" ]] ||
        die "$upper is not the layer of the child of $approach"

    kubectl delete pod "$approach" --namespace "$run" >/dev/null

    if [[ -z $(processes "$node" "$nonce") ]]; then
        answer "$approach" lifecycle HOLDS "no process of the child is left"
    elif [[ $(page "$node" "$host_ip") == "$nonce" ]]; then
        answer "$approach" lifecycle LACKS "the child still serves its nonce"
    else
        die "a process of the child of $approach is left and does not serve"
    fi
    if docker exec "$node" test -e "$upper"; then
        answer "$approach" storage LACKS "the child's writable layer is still at $upper"
    else
        answer "$approach" storage HOLDS "the child's writable layer is gone from $upper"
    fi
    remove "$node" "$nonce"
}

kubectl create namespace "$run" >/dev/null
# A pod is refused before its namespace's account is there.
kubectl wait --namespace "$run" --for=create serviceaccount/default --timeout=30s >/dev/null
judge dood
judge dind
