# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # $code is for consumer.sh; $here, $out, $errno and $code are of lib.sh and of the scripts that source this
# The permission matrix: readable by whom? The producer mounts six variants of its file system side by side: the daemon as
# root, or as a user with or without user_allow_other in /etc/fuse.conf, each with and without allow_other. Every reader tries
# the same operations on each. Readers need no word from the producer: the variant that is mounted last is their sign.
#
# Environment: PERMISSIONS (yes, no, or only: a reader that does nothing else), and what producer.sh and consumer.sh have. Sourced after lib.sh, never run.

PERMISSIONS=${PERMISSIONS:-no}
PERMISSIONS_AT=$BRIDGE/permissions
PERMISSION_VARIANTS='user-conf-allow user-conf-only user-noconf-allow user-noconf-only root-only root-allow'
PERMISSION_UID=1000

# ---- the producer's side ----

# Mounts all variants and records what became of each. Those that want the same fuse.conf start together.
permissions_mount() {
  [ "$PERMISSIONS" = yes ] || return 0
  permissions_unmount
  permission_work=$(mktemp -d)
  chmod 755 "$permission_work"
  permissions_prepare
  conf_before=$(cat /etc/fuse.conf 2>/dev/null)
  permission_starting=yes
  fuse_conf user_allow_other
  permission_group user-conf-allow user-conf-only
  fuse_conf '#user_allow_other'
  permission_group user-noconf-allow user-noconf-only root-only
  fuse_conf "$conf_before"
  permission_group root-allow
  permission_starting=''
}

permission_group() {
  for variant in "$@"; do permission_start "$variant"; done
  for variant in "$@"; do permission_await "$variant"; done
}

# What a daemon that is not root needs: a name (fusermount asks for it), the device, a list of mounts, a way to become it.
permissions_prepare() {
  chmod 666 /dev/fuse 2>/dev/null
  [ -e /etc/mtab ] || ln -sf /proc/self/mounts /etc/mtab 2>/dev/null
  user_name=$(name_of_user)
  if [ -z "$user_name" ]; then
    { echo "fuse-user:x:$PERMISSION_UID:$PERMISSION_UID::/tmp:/bin/sh" >>/etc/passwd; } 2>/dev/null
    user_name=$(name_of_user)
  fi
  for user_way in setpriv su-exec gosu chpst su none; do
    [ "$(as_user 'id -u; id -g' 2>/dev/null)" != "$(printf '%s\n' "$PERMISSION_UID" "$PERMISSION_UID")" ] || break
  done
}

name_of_user() { awk -F: -v uid="$PERMISSION_UID" '$3 == uid { print $1; exit }' /etc/passwd 2>/dev/null; }

# as_user SCRIPT: runs it as uid and gid 1000. The group counts too: without allow_other the kernel compares both.
as_user() {
  case $user_way in
    setpriv) setpriv --reuid "$PERMISSION_UID" --regid "$PERMISSION_UID" --clear-groups sh -c "$1" ;;
    su-exec | gosu) "$user_way" "$PERMISSION_UID:$PERMISSION_UID" sh -c "$1" ;;
    chpst) chpst -u ":$PERMISSION_UID:$PERMISSION_UID" sh -c "$1" ;;
    su) [ -z "$user_name" ] || su -s /bin/sh "$user_name" -c "$1" ;;
    *) return 1 ;;
  esac
}

# fuse_conf TEXT: the container's own file, which fusermount reads at each mount of a user.
fuse_conf() { conf_words=$({ printf '%s\n' "$1" >/etc/fuse.conf; } 2>&1); }

# Starts the daemon of a variant on a source of its own, which that daemon's user owns.
permission_start() {
  point=$PERMISSIONS_AT/$1 own=$permission_work/$1
  case $1 in *-allow) share=allow ;; *) share=only ;; esac
  case $1 in user-*) uid=$PERMISSION_UID ;; *) uid=0 ;; esac
  if permission_mounted "$point"; then
    permission_refused "$1" "somebody else's mount lies there: $permission_line" EBUSY
    return
  fi
  [ -d "$PERMISSIONS_AT" ] || permissions_at_made=yes
  [ -d "$point" ] || permissions_made="${permissions_made:-} $1"
  if ! said=$(permission_lay_out "$1" 2>&1); then
    permission_refused "$1" "$said"
    return
  fi
  if [ "$uid" = 0 ]; then
    permission_names
    sh -c "$PERMISSION_DAEMON" >"$own/words" 2>&1 &
  elif [ "$user_way" = none ]; then
    permission_refused "$1" "no way to run as another user in this image"
    return
  elif [ -n "$conf_words" ]; then
    permission_refused "$1" "$conf_words"
    return
  else
    permission_names
    as_user "HOME=\$PERMISSION_OWN; export HOME; $PERMISSION_DAEMON" >"$own/words" 2>&1 &
  fi
  echo "$!" >"$own/launcher"
}

# A fresh shell: a user's daemon cannot be forked from root's, and its pid is known even where su stays in between. Its paths come
# by the environment: none of them becomes a part of its words.
# shellcheck disable=SC2016 # that shell expands them
PERMISSION_DAEMON='echo $$ >"$PERMISSION_OWN/pid"
  . "$PERMISSION_DRIVER"
  set -- "$PERMISSION_POINT" "$PERMISSION_OWN/source" "$PERMISSION_SHARE"
  unset PERMISSION_DRIVER PERMISSION_POINT PERMISSION_OWN PERMISSION_SHARE
  driver_start "$@"'

permission_names() {
  PERMISSION_DRIVER=$here/driver-$DRIVER.sh PERMISSION_POINT=$point PERMISSION_OWN=$own PERMISSION_SHARE=$share
  export PERMISSION_DRIVER PERMISSION_POINT PERMISSION_OWN PERMISSION_SHARE
}

permission_lay_out() {
  mkdir -p "$point" "$own/source/sub" && chmod 755 "$PERMISSIONS_AT" "$point" || return
  echo "run=$RUN variant=$1" >"$own/source/marker" && echo inner >"$own/source/sub/inner" && ln -s marker "$own/source/link" || return
  chown -R "$uid:$uid" "$own" && chown "$uid:$uid" "$point"
}

# Waits for the mount of a variant that was started, or for the end of its daemon, and records which it was.
permission_await() {
  point=$PERMISSIONS_AT/$1 own=$permission_work/$1 since=$(uptime_now)
  [ -e "$own/launcher" ] || return 0
  launcher=$(cat "$own/launcher")
  until permission_mounted "$point"; do
    if ! kill -0 "$launcher" 2>/dev/null; then
      permission_refused "$1" "$(cat "$own/words")"
      return
    fi
    if over "$since" "$((MOUNT_SECONDS * slow / 100))"; then
      permission_refused "$1" "mounted nothing within $MOUNT_SECONDS s: $(cat "$own/words")" ETIMEDOUT
      return
    fi
    sleep 0.05
  done
  record permission ok "$1: mounted at $point" variant "$1" mountinfo "$permission_line"
}

# Sets permission_line: the mount table's line, where the topmost mount at exactly this point is FUSE.
permission_mounted() {
  permission_line=$(topmost_at "$1")
  is_fuse "$(type_of_mount "$permission_line")"
}

# permission_refused VARIANT WORDS [ERRNO]. fusermount's own refusal has no error number; it stands for EPERM.
permission_refused() {
  refusal=${3:-$(errno_of "$2")}
  case $2 in *"only allowed if 'user_allow_other' is set"*) refusal=EPERM ;; esac
  record permission error "$1: not mounted: $2" variant "$1" errno "$refusal" detail "$2"
}

# Takes away every variant, mounted or on its way, with its daemon and its directory.
permissions_finish() {
  if [ -n "${permission_work:-}" ]; then
    for variant in $PERMISSION_VARIANTS; do
      cat "$permission_work/$variant/launcher" "$permission_work/$variant/pid" 2>/dev/null
    done | while read -r pid; do kill -KILL "$pid" 2>/dev/null; done
  fi
  # A mount helper that is under way outlives its daemon, and mounts in the end.
  [ -z "${permission_starting:-}" ] || sleep 0.3
  permissions_unmount
  [ -z "${permission_work:-}" ] || rm -rf "$permission_work"
}

# Only what is ours, at our own mount points; and directories only where we made them, and if they are empty.
permissions_unmount() {
  for variant in $PERMISSION_VARIANTS; do
    tries=0
    while permission_mounted "$PERMISSIONS_AT/$variant" && permission_ours "$variant" && [ "$tries" -lt 8 ]; do
      tries=$((tries + 1))
      said=$(umount -l "$PERMISSIONS_AT/$variant" 2>&1) && continue
      record unmount error "still mounted: $PERMISSIONS_AT/$variant: $said" mountinfo "$permission_line" detail "$said"
      break
    done
  done
  for variant in ${permissions_made:-}; do rmdir "$PERMISSIONS_AT/$variant" 2>/dev/null; done
  [ -z "${permissions_at_made:-}" ] || rmdir "$PERMISSIONS_AT" 2>/dev/null
  permissions_made='' permissions_at_made=''
}

# Whether this process started it, or its source is one of this script's, or it is dead or carries a marker of this test. Where
# not even root may look, a mount of another user without allow_other, the source alone tells.
permission_ours() {
  [ ! -e "${permission_work:-/nowhere}/$1/launcher" ] || return 0
  case ${permission_line##* - } in *"/$1/source "* | *"/$1/source.squashfs "*) return 0 ;; esac
  state_of_mount "$PERMISSIONS_AT/$1" "$permission_line"
  [ "$state" != foreign ]
}

# ---- the readers' side ----

# Once, as soon as the last variant is in the mount table: tries all of them. Until then one look at the table's text.
permissions_look() {
  case $PERMISSIONS-$ROLE in *-control | *-producer | no-*) return 0 ;; esac
  [ -z "${permissions_tried:-}" ] || return 0
  grep -qE " $PERMISSIONS_AT/root-allow .* - fuse(blk)?([.][^ ]*)? " "$MOUNTINFO" || return 0
  # A mount of an earlier run, dead or about to go, is no sign. Whatever else it says is an answer.
  bounded cat "$PERMISSIONS_AT/root-allow/marker"
  case $errno-$out in
    -"run=$RUN variant="*) ;;
    -* | ENOTCONN-* | ECONNABORTED-*) return 0 ;;
  esac
  permissions_tried=yes
  for variant in $PERMISSION_VARIANTS; do permission_access "$variant"; done
}

permission_access() {
  if ! permission_mounted "$PERMISSIONS_AT/$1"; then
    record access info "$1: not mounted here" variant "$1" mounted no uid "$(id -u)"
    return
  fi
  point=$PERMISSIONS_AT/$1 hung=no nlink=''
  ask ls "$point"
  list=$answer
  if ask stat -c %h "$point"; then nlink=$out; fi
  stat=$answer
  ask cat "$point/marker"
  read=$answer
  ask cat "$point/sub/inner"
  sub=$answer
  ask cat "$point/link"
  link=$answer
  # shellcheck disable=SC2016 # the inner shell expands its own argument
  if ask sh -c 'echo written >"$1"' sh "$point/written-by-$ROLE"; then bounded rm -f "$point/written-by-$ROLE"; fi
  write=$answer
  seen=error
  [ "$read" != ok ] || seen=ok
  record access "$seen" "$1: list ${list:--}, stat ${stat:--}, read ${read:--}, sub-directory ${sub:--}, link ${link:--}, write ${write:--}" \
    variant "$1" mounted yes uid "$(id -u)" list "$list" stat "$stat" nlink "$nlink" read "$read" sub "$sub" link "$link" write "$write"
}

# ask COMMAND [ARG]... Sets `answer` to ok or the name of the error; to nothing where the mount hung before: each further
# question would only cost its whole time again.
ask() {
  answer=''
  [ "$hung" = no ] || return 1
  if bounded "$@"; then
    answer=ok
    return 0
  fi
  answer=$errno
  [ "$errno" != ETIMEDOUT ] || hung=yes
  return 1
}

# All that a reader with PERMISSIONS=only does: tries the variants when they come, and stays for the inspection window. It decides nothing.
permissions_only() {
  code=0
  while [ -z "${permissions_tried:-}" ] && [ "$(since "$born")" -lt "$INSPECT_SECONDS" ]; do
    permissions_look
    pause 0.2
  done
  remaining=$((INSPECT_SECONDS - $(since "$born")))
  [ "$remaining" -le 0 ] || pause "$remaining"
  leave "the inspection window is over"
}
