#!/usr/bin/env bash
# topPods() and topNodes() of the JavaScript client of Kubernetes fail for the whole cluster if a pod has `1.5Gi`, and topPods() adds limits of memory
# to requests and gives a pod the use of another one of its name.
#
# Version: @kubernetes/client-node 1.4.0 of npm; Node.js from the machine.
# Behaviour: sizes with a unit from k upwards are read as whole numbers: `1.5Gi` and `0.5G`, which every API server takes and gives back as they are,
# are a SyntaxError, and so there is no answer for any pod or node. `1.5` and `1500m` are read. A pod's requests of memory are the limits of its
# containers up to the last but one and the request of the last one. Over all namespaces measured use is looked up by the pod's name alone.
# Sidecars (init containers that are restarted) are in neither sum, where kubectl and the scheduler count them.
# Guessed: that each quantity is read, that requests are added to requests, and that a pod's use is its own.
# Seen: for each cluster, served on the loopback address, what both give, with memory in Mi.
# What follows: add up quantities yourself, and give `topPods` a namespace.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @kubernetes/client-node@1.4.0
cat >look.mjs <<'JS'
import { createServer } from 'node:http';
import { CoreV1Api, KubeConfig, Metrics, topNodes, topPods } from '@kubernetes/client-node';

const container = (name, request, limit) => ({ name, resources: { requests: { cpu: '100m', memory: request }, limits: { memory: limit } } });
const pod = (namespace, name, containers, initContainers = []) => ({
    metadata: { namespace, name }, spec: { nodeName: 'node', containers, initContainers }, status: { phase: 'Running' },
});
const used = (namespace, name, memory) => ({ metadata: { namespace, name }, containers: [{ name: 'app', usage: { cpu: '1m', memory } }] });
const sidecar = { ...container('proxy', '32Mi', '32Mi'), restartPolicy: 'Always' };
const clusters = {
    'one container': [pod('a', 'one', [container('app', '64Mi', '256Mi')])],
    'two containers': [pod('a', 'two', [container('app', '64Mi', '256Mi'), container('log', '64Mi', '256Mi')])],
    'one with a sidecar': [pod('a', 'one', [container('app', '64Mi', '256Mi')], [sidecar])],
    'two pods of one name': [pod('a', 'db-0', [container('app', '64Mi', '64Mi')]), pod('b', 'db-0', [container('app', '64Mi', '64Mi')])],
    'one with a request of 1536Mi': [pod('a', 'big', [container('app', '1536Mi', '2Gi')])],
    'one with a request of 1.5Gi': [pod('a', 'small', [container('app', '64Mi', '64Mi')]), pod('b', 'big', [container('app', '1.5Gi', '2Gi')])],
};
let pods;
const server = createServer((request, response) => {
    const path = request.url;
    const items = path.startsWith('/api/v1/nodes') ? [{ metadata: { name: 'node' }, status: { allocatable: { cpu: '2', memory: '4Gi' } } }]
        : path.startsWith('/api/v1/pods') ? pods
        : [used('a', 'db-0', '10Mi'), used('b', 'db-0', '50Mi')];
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ items }));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const config = new KubeConfig();
config.loadFromClusterAndUser({ name: 'here', server: `http://127.0.0.1:${server.address().port}`, skipTLSVerify: true }, { name: 'me' });
const api = config.makeApiClient(CoreV1Api);
const mi = (bytes) => `${Number(bytes) / 2 ** 20}Mi`;
for (const [what, them] of Object.entries(clusters)) {
    pods = them;
    console.log(what);
    try {
        for (const { Pod, Memory } of await topPods(api, new Metrics(config))) {
            console.log(`    pod ${Pod.metadata.namespace}/${Pod.metadata.name}: requests ${mi(Memory.RequestTotal)}, limits ${mi(Memory.LimitTotal)}, uses ${mi(Memory.CurrentUsage)}`);
        }
    } catch (error) {
        console.log(`    pods: ${error}`);
    }
    try {
        for (const { Memory } of await topNodes(api)) {
            console.log(`    node: requests ${mi(Memory.RequestTotal)}, limits ${mi(Memory.LimitTotal)}`);
        }
    } catch (error) {
        console.log(`    nodes: ${error}`);
    }
}
server.closeAllConnections();
server.close();
JS
node look.mjs | tee seen
diff - seen <<'SEEN'
one container
    pod a/one: requests 64Mi, limits 256Mi, uses 0Mi
    node: requests 64Mi, limits 256Mi
two containers
    pod a/two: requests 320Mi, limits 512Mi, uses 0Mi
    node: requests 128Mi, limits 512Mi
one with a sidecar
    pod a/one: requests 64Mi, limits 256Mi, uses 0Mi
    node: requests 64Mi, limits 256Mi
two pods of one name
    pod a/db-0: requests 64Mi, limits 64Mi, uses 50Mi
    pod b/db-0: requests 64Mi, limits 64Mi, uses 50Mi
    node: requests 128Mi, limits 128Mi
one with a request of 1536Mi
    pod a/big: requests 1536Mi, limits 2048Mi, uses 0Mi
    node: requests 1536Mi, limits 2048Mi
one with a request of 1.5Gi
    pods: SyntaxError: Cannot convert 1.5 to a BigInt
    nodes: SyntaxError: Cannot convert 1.5 to a BigInt
SEEN
echo "as it was seen"
