#!/usr/bin/env bash
# kr8s and lightkube cut the lines of a log where no line ends, and a watch of lightkube fails at an object that has such a sign in it.
#
# Versions: kr8s 0.20.15 and lightkube 1.0.1 (lightkube-models 1.37.0.8) with httpx 0.28.1 of Python; kubernetes 37.0.2 beside them.
# Behaviour: both take the lines of httpx, which cuts like Python's splitlines(): at a carriage return, a form feed, a vertical tab, the file
# separator, U+0085 and U+2028 as well as at a line feed. A log of seven lines has thirteen; a record of JSON with U+2028 in a string is
# two broken ones. The API server sends U+0085 in an object as it is: lightkube's watch then ends with an error of the JSON decoder, and
# what comes after that object is not seen.
# Guessed: that a line ends with a line feed, or with a carriage return before it.
# Seen: the number of lines that each client makes of each line of a log, and the names that a watch gives before it ends or fails, from a
# server on the loopback address.
# What follows: read a log as bytes and cut it yourself; expect the watch to fail where users write annotations.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check kr8s==0.20.15 lightkube==1.0.1 lightkube-models==1.37.0.8 httpx==0.28.1 kubernetes==37.0.2
cat >look.py <<'PYTHON'
import http.server
import json
import threading
import warnings

import kr8s.objects
import kubernetes
import lightkube
from lightkube.resources.core_v1 import ConfigMap

warnings.simplefilter("ignore")
LINES = ["50%\r100%", "a\fb", "a\vb", "a\x1cb", "a\x85b", '{"a": "\u2028"}', "plain"]


def event(name, value):
    labels = {"name": name, "namespace": "n", "resourceVersion": "2"}
    thing = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": labels, "data": {"a": value}}
    return json.dumps({"type": "ADDED", "object": thing}, ensure_ascii=False) + "\n"


class Server(http.server.BaseHTTPRequestHandler):
    log_text = ""

    def do_GET(self):
        if "/log" in self.path:
            body = Server.log_text
        elif "watch=" in self.path:
            body = event("one", "a") + event("two", "a\x85b") + event("three", "a")
        elif self.path.startswith("/version"):
            body = '{"major": "1", "minor": "35", "gitVersion": "v1.35.0"}'
        else:
            body = '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "n"}, "status": {"phase": "Running"}}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json" if body[0] == "{" else "text/plain")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
config = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "c",
    "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
    "users": [{"name": "c", "user": {"token": "t"}}],
    "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c", "namespace": "n"}}],
}
with open("kubeconfig", "w") as file:
    json.dump(config, file)
pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "n"}, "status": {"phase": "Running"}}
of_kr8s = kr8s.objects.Pod(pod, api=kr8s.api(kubeconfig="kubeconfig"))
of_lightkube = lightkube.Client(lightkube.KubeConfig.from_file("kubeconfig").get())
kubernetes.config.load_kube_config("kubeconfig")
plain = kubernetes.client.CoreV1Api()
for line in LINES:
    Server.log_text = line + "\n"
    counts = (
        len(list(of_kr8s.logs())),
        len(list(of_lightkube.log("p"))),
        len(list(kubernetes.watch.Watch().stream(plain.read_namespaced_pod_log, "p", "n", follow=True))),
    )
    print("%a: kr8s %d, lightkube %d, kubernetes %d" % (line, *counts))


def names(watch, name):
    seen = []
    try:
        for item in watch:
            seen.append(name(item))
            if seen[-1] == "three":
                break
    except Exception as error:
        seen.append(type(error).__name__)
    return seen


print("watch of lightkube:", *names(of_lightkube.watch(ConfigMap, resource_version="1"), lambda item: item[1].metadata.name))
watch = kubernetes.watch.Watch().stream(plain.list_namespaced_config_map, "n", resource_version="1")
print("watch of kubernetes:", *names(watch, lambda item: item["object"].metadata.name))
PYTHON
venv/bin/python look.py | tee seen
diff - seen <<'SEEN'
'50%\r100%': kr8s 2, lightkube 2, kubernetes 1
'a\x0cb': kr8s 2, lightkube 2, kubernetes 1
'a\x0bb': kr8s 2, lightkube 2, kubernetes 1
'a\x1cb': kr8s 2, lightkube 2, kubernetes 1
'a\x85b': kr8s 2, lightkube 2, kubernetes 1
'{"a": "\u2028"}': kr8s 2, lightkube 2, kubernetes 1
'plain': kr8s 1, lightkube 1, kubernetes 1
watch of lightkube: one DecodeError
watch of kubernetes: one two three
SEEN
echo "as it was seen"
