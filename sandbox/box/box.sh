#!/bin/sh
# The first process of a box: gives it a root of its own, then waits for ever. When it dies, the kernel ends every other
# process of the box, and with the last one its mounts, its network and its files (they are in memory) are gone.
#
#   unshare --mount --net --pid --uts --ipc --fork sh box.sh NAME shared|private MOUNTPOINT CONFIG TOOLS IMAGES READY LABEL
#
# LABEL is the source that the root file system shows in mount tables.
set -eu

name=$1 propagation=$2 root=$3 config=$4 tools=$5 images=$6 ready=$7 label=$8

bind() { # read-only, so that nothing in a box can change the machine's files
  mkdir -p "$2"
  mount --rbind "$1" "$2"
  mount -o remount,bind,ro "$2"
}

hostname "$name" 2>/dev/null || echo "$name" >/proc/sys/kernel/hostname
mount -t tmpfs -o mode=755 "$label" "$root"
cd "$root"
mkdir -p dev etc proc run sys tmp root var/lib var/log opt
chmod 1777 tmp

bind /usr usr
for directory in bin sbin lib lib32 lib64 libx32; do
  if [ -L "/$directory" ]; then
    cp -P "/$directory" "$directory"
  elif [ -d "/$directory" ]; then
    bind "/$directory" "$directory"
  fi
done
for file in passwd group ld.so.cache nsswitch.conf alternatives; do
  [ ! -e "/etc/$file" ] || cp -a "/etc/$file" etc/
done
ln -s /proc/self/mounts etc/mtab
printf '127.0.0.1 localhost\n' >etc/hosts
: >etc/resolv.conf
printf %s "$name" | md5sum | cut -c1-32 >etc/machine-id
bind "$tools" opt/tools
bind "$images" opt/images
bind "$config" etc/sandbox

# Fresh ones: they must show this box's processes and network interfaces.
mount -t proc proc proc
mount -t sysfs sysfs sys
mount --rbind /dev dev
mount --rbind /sys/fs/cgroup sys/fs/cgroup

# A container with a user namespace of its own gets a proc of its own only where one is there that nothing covers
# (mount_too_revealing in the kernel's fs/namespace.c).
mkdir run/proc
chmod 700 run/proc
mount -t proc proc run/proc

# The kernel is the machine's: a box may change the settings of its own network and no others.
mount --bind proc/sys proc/sys
mount --bind proc/sys/net proc/sys/net
mount -o remount,bind,ro proc/sys
# The kubelet insists on these six (setupKernelTunables) and would set them for good: here it reads that all is well.
while read -r setting value; do
  file=run/${setting##*/}
  echo "$value" >"$file"
  mount --bind "$file" "proc/sys/$setting"
done <<'EOF'
vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxkeys 1000000
kernel/keys/root_maxbytes 25000000
EOF

mkdir run/machine
pivot_root . run/machine
# The signal that all is in place goes to the machine's directory, which the box is about to lose.
mount --make-rprivate /
touch "/run/machine$ready.new"
mv "/run/machine$ready.new" "/run/machine$ready"
umount -l /run/machine
rmdir /run/machine
# The one difference between the two nodes: a kubelet gives Bidirectional propagation only below a shared mount.
mount --make-r"$propagation" /

while :; do
  sleep 3600 &
  wait $!
done
