#!/usr/bin/env bash
# newuidmap of Debian, which is setuid root, maps nobody's user namespace in a container with Docker's and containerd's default capabilities. The
# same file with the capability cap_setuid in the place of the setuid bit does.
#
# Versions: uidmap 1:4.13+dfsg1-1+deb12u2 of Debian bookworm (seen of trixie's 1:4.17.4-2+deb13u1 in a pod, too); util-linux and libcap from the machine.
# Needs root, for a caller that is not, and a mount namespace in which /etc/subuid has that caller's range.
# Behaviour: the setuid program stays root, who did not make the namespace, so the kernel wants CAP_SYS_ADMIN of it, which a default container
# does not have in its bounding set: "write to uid_map failed: Operation not permitted", exit code 1. With CAP_SYS_ADMIN there it maps. With
# a file's capability the program stays its caller, to whom the namespace belongs, and maps in both.
# Guessed: that both do the same, as the setuid bit and the file's capability are given for each other, and CAP_SETUID is all that is asked for.
# Seen: exit code and words of each program, in a bounding set of a container's defaults, and in that with CAP_SYS_ADMIN.
# What follows: an image of Debian for rootless BuildKit, Podman or Buildah in a pod that is not privileged wants `chmod u-s` and
# `setcap cap_setuid=ep` of newuidmap (cap_setgid of newgidmap).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq download "uidmap=1:4.13+dfsg1-1+deb12u2" 2>/dev/null
dpkg-deb -x ./*.deb unpacked
chmod 755 .
cp unpacked/usr/bin/newuidmap setuid
cp unpacked/usr/bin/newuidmap capability
chmod 4755 setuid
chmod 755 capability
setcap cap_setuid=ep capability
echo daemon:100000:65536 >ranges
cat >map.sh <<'SH'
mount --bind ranges /etc/subuid
defaults=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+net_raw,+sys_chroot
defaults=$defaults,+mknod,+audit_write,+setfcap
for program in setuid capability; do
    for more in "" ,+sys_admin; do
        setpriv --reuid 1 --regid 1 --clear-groups --inh-caps=-all --bounding-set "$defaults$more" sh -c '
            unshare --user sleep 30 &
            while [ "$(readlink /proc/$!/ns/user)" = "$(readlink /proc/self/ns/user)" ]; do sleep 0.1; done
            code=0
            words=$("./$0" $! 0 1 1 1 100000 65536 2>&1) || code=$?
            echo "$0${1:+ with CAP_SYS_ADMIN}: exit $code${words:+, ${words#*: }}; $(wc -l <"/proc/$!/uid_map") ranges"
            kill $!' "$program" "$more"
    done
done
SH
unshare --mount bash map.sh | tee seen
diff seen - <<'SEEN'
setuid: exit 1, write to uid_map failed: Operation not permitted; 0 ranges
setuid with CAP_SYS_ADMIN: exit 0; 2 ranges
capability: exit 0; 2 ranges
capability with CAP_SYS_ADMIN: exit 0; 2 ranges
SEEN
