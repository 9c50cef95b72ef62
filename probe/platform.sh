# shellcheck shell=sh
# shellcheck disable=SC2154 # MOUNTINFO is of lib.sh
# What the node is, as far as a container sees it: a verdict holds for such a node. Sourced after lib.sh, never run.

# Says of what is not to be seen nothing at all. It needs no right; nothing here can block.
log_platform() {
  kernel='' machine='' groups=''
  { read -r kernel </proc/sys/kernel/osrelease; } 2>/dev/null
  machine=$(uname -m 2>/dev/null)
  # The type of what is mounted there: cgroup2 is version 2, a tmpfs holds the hierarchies of version 1. busybox's stat says UNKNOWN.
  groups=$(type_of_mount "$(topmost_at /sys/fs/cgroup)")
  security=$(security_modules) features=$(fuse_features) kubelet=$(kubelet_root)
  record platform info "Linux ${kernel:-unknown} on ${machine:-unknown}; control groups: ${groups:-unknown}; security modules: $security; FUSE: ${features:-none}; kubelet: ${kubelet:-unknown}" \
    kernel "$kernel" machine "$machine" cgroups "$groups" security "$security" fuse_features "$features" kubelet_root "$kubelet"
}

# Those that can deny a mount. securityfs lists all, where it is mounted; SELinux registers its file system only if it is on.
security_modules() {
  found=$(cat /sys/kernel/security/lsm 2>/dev/null)
  if [ -z "$found" ]; then
    enabled=$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)
    [ "$enabled" != Y ] || found=apparmor
    grep -qw selinuxfs /proc/filesystems && found="${found:+$found,}selinux"
  fi
  echo "${found:-none}"
}

# The file systems of the kernel that speak FUSE, and the parameters of their module.
fuse_features() {
  awk '/fuse/ { printf "%s%s", sep, $NF; sep = " " }' /proc/filesystems
  for file in /sys/module/fuse/parameters/* /proc/sys/fs/fuse/*; do
    value=''
    { read -r value <"$file"; } 2>/dev/null || continue
    printf ' %s=%s' "${file##*/}" "$value"
  done
}

# The kubelet binds a file of its own over each container's /etc/hosts: it lies in its root directory, as a path of that
# directory's file system.
kubelet_root() {
  awk '$4 ~ /.\/pods\/[^\/]+\/etc-hosts$/ { sub(/\/pods\/[^\/]+\/etc-hosts$/, "", $4); print $4; exit }' "$MOUNTINFO"
}
