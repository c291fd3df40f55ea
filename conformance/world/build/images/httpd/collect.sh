#!/bin/sh
# collect.sh OUT FILE...: a root file system of these programs, the libraries they load, and
# what httpd needs to start.
set -eu
out=$1
shift
mkdir -p "$out/tmp" "$out/proc" "$out/dev" "$out/etc" "$out/usr/bin" "$out/usr/sbin" "$out/usr/lib" \
    "$out/usr/local/bin" "$out/usr/local/apache2/htdocs" "$out/usr/local/apache2/logs" "$out/lib64"
chmod 1777 "$out/tmp"
ln -s usr/bin "$out/bin"
ln -s usr/sbin "$out/sbin"
ln -s usr/lib "$out/lib"
copy() {
    real=$(readlink -f "$1")
    if ! [ -e "$out$real" ]; then
        mkdir -p "$out${real%/*}"
        cp "$real" "$out$real"
        strip -s "$out$real" 2>/dev/null || true # a script has nothing to strip
    fi
    case $1 in
    /bin/*) name="$out/usr$1" ;;
    /lib/*) name="$out/usr$1" ;;
    *) name="$out$1" ;;
    esac
    [ -e "$name" ] || { mkdir -p "${name%/*}" && ln -s "$real" "$name"; }
}
for file; do
    copy "$file"
    ldd "$file" | grep -o '/[^ )]*' | while read -r library; do copy "$library"; done
done
for library in /lib/x86_64-linux-gnu/libnss_files.so.2 /lib/x86_64-linux-gnu/libgcc_s.so.1; do copy "$library"; done
cp -r /usr/local/apache2/conf "$out/usr/local/apache2/conf"
cp /usr/local/bin/httpd-foreground "$out/usr/local/bin/"
cp /etc/mime.types "$out/etc/" 2>/dev/null || : >"$out/etc/mime.types"
grep -E '^(root|www-data):' /etc/passwd >"$out/etc/passwd"
grep -E '^(root|www-data):' /etc/group >"$out/etc/group"
echo 'It works!' >"$out/usr/local/apache2/htdocs/index.html"
chroot "$out" /usr/sbin/apache2 -t -f /usr/local/apache2/conf/httpd.conf
