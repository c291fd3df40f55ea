#!/usr/bin/env bash
# What a Docker client asks of Podman's API when it creates a container is not what inspecting the container then says.
#
# Versions: podman 4.3.1+ds1-8+deb12u1+b3, conmon 2.1.6+ds1-1, runc 1.1.5+ds1-1+deb12u1 of Debian bookworm (API 1.41), docker 7.2.0 of Python.
# Needs root. No container is started.
# Behaviour: unlimited swap (-1) becomes twice the memory. A device's permissions, a log's options, sysctls and the user namespace are not
# there. `ipc_mode="host"` is "shareable", and PidMode is "private" where nothing was asked. A signal is a number. A container without a
# health check has a Health, whose status is empty: a client that waits for "healthy" where there is a Health waits for ever.
# CPU time that is asked for as NanoCpus comes back as period and quota, too, with which Docker refuses it if one creates the like.
# Guessed: that each value comes back as it was given, and that State has no Health without a check, as Docker's has none.
# Seen: for each argument the values that inspecting gives.
# What follows: do not decide by such a field whether a container is as it was asked for; read what is in the container.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill "$service" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
service=
apt-get -qq download podman=4.3.1+ds1-8+deb12u1+b3 conmon=2.1.6+ds1-1 runc=1.1.5+ds1-1+deb12u1 libgpgme11=1.18.0-3+deb12u1 \
    libassuan0=2.5.5-5 libsubid4=1:4.13+dfsg1-1+deb12u2 2>/dev/null
for package in ./*.deb; do
    dpkg-deb -x "$package" unpacked
done
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check docker==7.2.0
mkdir -p home/.config/containers
echo '{"default": [{"type": "insecureAcceptAnything"}]}' >home/.config/containers/policy.json
printf '[engine]\nconmon_path = ["%s/unpacked/usr/bin/conmon"]\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\nlock_type = "file"\n' \
    "$folder" >containers.conf
printf '[network]\nnetwork_config_dir = "%s/networks"\n' "$folder" >>containers.conf
HOME=$folder/home CONTAINERS_CONF=$folder/containers.conf LD_LIBRARY_PATH=$folder/unpacked/usr/lib/x86_64-linux-gnu \
    unpacked/usr/bin/podman --root "$folder/storage" --runroot "$folder/runroot" --tmpdir "$folder/tmp" --storage-driver vfs \
    --runtime "$folder/unpacked/usr/sbin/runc" system service --time 0 "unix://$folder/socket" >service.log 2>&1 &
service=$!
timeout 60 sh -c 'until [ -S socket ]; do sleep 0.2; done'
cat >look.py <<'PYTHON'
import io
import json
import pathlib
import tarfile

import docker

archive = io.BytesIO()
with tarfile.open(fileobj=archive, mode="w") as layer:
    layer.addfile(tarfile.TarInfo("empty"))
client = docker.DockerClient(base_url=f"unix://{pathlib.Path.cwd()}/socket", timeout=30)
image = json.loads(client.api.import_image_from_data(archive.getvalue(), repository="tiny", tag="1"))["id"]


def shown(path, **arguments):
    container = client.containers.create("tiny:latest", ["/empty"], **arguments)
    container.reload()
    values = []
    for name in path:
        value = container.attrs
        for key in name.split("."):
            value = value.get(key, "absent") if isinstance(value, dict) else "absent"
        values.append(f"{name} {value!r}")
    print(f"{arguments or 'nothing'} -> {', '.join(values)}")
    container.remove()


cpu = ("HostConfig.NanoCpus", "HostConfig.CpuPeriod", "HostConfig.CpuQuota")
shown(("State.Health", "HostConfig.PidMode", "HostConfig.IpcMode", "Config.StopSignal"))
shown(("HostConfig.MemorySwap",), mem_limit="64m", memswap_limit=-1)
shown(("HostConfig.RestartPolicy",), restart_policy={"Name": "on-failure", "MaximumRetryCount": 3})
shown(("HostConfig.Devices",), devices=["/dev/null:/dev/none:r"])
shown(("HostConfig.LogConfig",), log_config={"Type": "json-file", "Config": {"max-size": "1m"}})
shown(("HostConfig.Sysctls",), sysctls={"net.core.somaxconn": "1024"})
shown(("HostConfig.IpcMode",), ipc_mode="host")
shown(("HostConfig.PidMode",), pid_mode="host")
shown(("HostConfig.UsernsMode",), userns_mode="host")
shown(("Config.StopSignal",), stop_signal="SIGINT")
shown(cpu, nano_cpus=1500000000)
shown(cpu, cpu_quota=50000)
shown(("HostConfig.CapAdd", "HostConfig.CgroupParent", "HostConfig.PidsLimit"), cap_add=["SYS_ADMIN"], cgroup_parent="/limited", pids_limit=100)
PYTHON
venv/bin/python look.py | tee seen
diff - seen <<'SEEN'
nothing -> State.Health {'Status': '', 'FailingStreak': 0, 'Log': None}, HostConfig.PidMode 'private', HostConfig.IpcMode 'shareable', Config.StopSignal '15'
{'mem_limit': '64m', 'memswap_limit': -1} -> HostConfig.MemorySwap 134217728
{'restart_policy': {'Name': 'on-failure', 'MaximumRetryCount': 3}} -> HostConfig.RestartPolicy {'Name': 'on-failure', 'MaximumRetryCount': 3}
{'devices': ['/dev/null:/dev/none:r']} -> HostConfig.Devices [{'PathOnHost': '/dev/null', 'PathInContainer': '/dev/none', 'CgroupPermissions': ''}]
{'log_config': {'Type': 'json-file', 'Config': {'max-size': '1m'}}} -> HostConfig.LogConfig {'Type': 'json-file', 'Config': None}
{'sysctls': {'net.core.somaxconn': '1024'}} -> HostConfig.Sysctls 'absent'
{'ipc_mode': 'host'} -> HostConfig.IpcMode 'shareable'
{'pid_mode': 'host'} -> HostConfig.PidMode 'host'
{'userns_mode': 'host'} -> HostConfig.UsernsMode ''
{'stop_signal': 'SIGINT'} -> Config.StopSignal '2'
{'nano_cpus': 1500000000} -> HostConfig.NanoCpus 1500000000, HostConfig.CpuPeriod 100000, HostConfig.CpuQuota 150000
{'cpu_quota': 50000} -> HostConfig.NanoCpus 0, HostConfig.CpuPeriod 0, HostConfig.CpuQuota 50000
{'cap_add': ['SYS_ADMIN'], 'cgroup_parent': '/limited', 'pids_limit': 100} -> HostConfig.CapAdd ['SYS_ADMIN'], HostConfig.CgroupParent '/limited', HostConfig.PidsLimit 100
SEEN
echo "as it was seen"
