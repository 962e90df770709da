# shellcheck shell=bash
# Debian roots of their own, for what has to be tried on a fresh machine. Sourced, never run.

# Makes one, removed at the end, in the variable `root`: make_root SUITE PACKAGE,PACKAGE...
make_root() {
  local suite=$1 packages=$2
  root=$(mktemp -d "/var/tmp/authkit-mirror-$suite.XXXXXX")
  chmod 755 "$root"
  at_exit "rm -rf --one-file-system '$root'"
  say "making a $suite root"
  debootstrap --variant=minbase --include="$packages" "$suite" "$root" >"$root.log" ||
    die 69 "debootstrap failed: $(tail -3 "$root.log")"
  rm -f "$root.log"
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  cp -r /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/"
  in_root "$root" update-ca-certificates
}

# Runs a command inside. Mounts are private to it and /dev is its own: removing the root can't reach the host.
in_root() {
  # shellcheck disable=SC2016  # the inner shell expands it
  unshare --mount --pid --fork --kill-child bash -euc '
    mount --make-rprivate /
    mount -t proc proc "$1/proc"
    mount -t tmpfs -o mode=755 tmpfs "$1/dev"
    mkdir "$1/dev/pts" "$1/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666 devpts "$1/dev/pts"
    mount -t tmpfs tmpfs "$1/dev/shm"
    ln -s pts/ptmx "$1/dev/ptmx"
    ln -s /proc/self/fd "$1/dev/fd"
    for device in "null 1 3" "zero 1 5" "full 1 7" "random 1 8" "urandom 1 9" "tty 5 0"; do
      set -- "$1" "$2" $device
      mknod -m 666 "$1/dev/$3" c "$4" "$5"
    done
    exec chroot "$1" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
      ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
      bash -euc "$2"
  ' in_root "$1" "$2"
}
