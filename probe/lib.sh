# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # $here is of the scripts that source this; `errno`, MARKER, FINDINGS and others are for the scripts that source this
# What both probes share: a clock, a log of two lines a step, reads that cannot hang, and the mount table.
# POSIX sh; needs awk, cat, date, dd, md5sum, mkfifo, mktemp, stat, timeout, as every busybox has. Sourced, never run.

# The words of tools are read: in English, in images of every language.
GIVEN_LC_ALL=${LC_ALL:-}
LC_ALL=C
export LC_ALL

# Seconds since boot, 10 ms fine: one clock for every container of a node, of every image.
uptime_now() {
  read -r up _ </proc/uptime
  printf '%s' "$up"
}

# over SINCE SECONDS: whether more than these seconds, which are whole ones, have passed since an uptime.
over() {
  ticks
  [ $((ticks - ${1%.*}${1#*.})) -gt $(($2 * 100)) ]
}

# Sets `time` to RFC 3339 of a number of seconds since boot. The kernel gives its boot time in whole seconds, so the date may be off
# by up to a second against a wall clock; between two lines of one node it is exact to 10 ms.
rfc3339() {
  if [ "${1%.*}" != "${dated:-}" ]; then
    dated=${1%.*}
    date=$(date -u -d "@$((BOOT + dated))" +%Y-%m-%dT%H:%M:%S)
  fi
  time=$date.${1#*.}0Z
}

# Sets `json` to a text as the inside of a JSON string, line ends included. Almost no text needs a tool for that.
json_text() {
  case $1 in
    *[!\ -~]* | *[\\\"]*)
      json=$(printf '%s' "$1" | awk 'BEGIN { ORS = "" } {
        gsub(/\\/, "&&"); gsub(/"/, "\\\""); gsub(/\t/, "\\t"); gsub(/\r/, "\\r"); gsub(/[\001-\037]/, "?")
        if (NR > 1) print "\\n"
        print
      }')
      ;;
    *) json=$1 ;;
  esac
}

# Sets `text` to a text as one line: all that ends a line, or moves on a screen, is a blank.
one_line() {
  case $1 in
    *[!\ -~]*) text=$(printf '%s' "$1" | awk 'BEGIN { ORS = "" } { gsub(/[\001-\037\177]/, " "); if (NR > 1) print " "; print }') ;;
    *) text=$1 ;;
  esac
}

# record STEP RESULT TEXT [KEY VALUE]...
# One line for people, one JSON object for machines. `result` is ok, error or info. A TEXT that begins with "=" is
# printed without its time, exactly as it stands. What a daemon or a tool has said may have lines of its own, or look like a
# record: it stays within the line. A busy node starts processes late, so it starts as few as it can.
record() {
  step=$1 result=$2
  one_line "$3"
  shift 3
  read -r now _ </proc/uptime
  rfc3339 "$now"
  fields=
  while [ $# -gt 1 ]; do
    json_text "$2"
    fields="$fields,\"$1\":\"$json\""
    shift 2
  done
  case $text in
    =*) printf '%s\n' "${text#=}" ;;
    *) printf '%s %s: %s\n' "$time" "$step" "$text" ;;
  esac
  line="{\"time\":\"$time\",\"uptime\":$now,\"run\":\"$RUN\",\"node\":\"$NODE\",\"role\":\"$ROLE\",\"step\":\"$step\",\"result\":\"$result\"$fields}"
  printf '%s\n' "$line"
  # For the pod that may take this one's place: see producer.sh.
  [ -z "${kept_in:-}" ] || { printf '%s\n' "$line" >>"$kept_in"; } 2>/dev/null || :
}

# The name of the error number behind a tool's words; glibc's, musl's, uclibc's and Go's texts differ.
errno_of() {
  case $1 in
    *[Tt]'ransport endpoint is not connected'* | *[Ss]'ocket '*'not connected'*) echo ENOTCONN ;;
    *[Nn]'o such file or directory'*) echo ENOENT ;;
    *[Pp]'ermission denied'*) echo EACCES ;;
    *[Oo]'peration not permitted'*) echo EPERM ;;
    *[Ii]'nput/output error'* | *[Ii]'/O error'*) echo EIO ;;
    *[Rr]'ead-only file system'*) echo EROFS ;;
    *[Nn]'o space left on device'*) echo ENOSPC ;;
    *[Rr]'esource busy'* | *[Tt]'arget is busy'*) echo EBUSY ;;
    *[Nn]'ot a directory'*) echo ENOTDIR ;;
    *[Ii]'s a directory'*) echo EISDIR ;;
    *[Ss]'tale file handle'* | *[Ss]'tale NFS file handle'*) echo ESTALE ;;
    *'onnection abort'*) echo ECONNABORTED ;;
    *[Ff]'unction not implemented'*) echo ENOSYS ;;
    *[Tt]'oo many open files'*) echo EMFILE ;;
    *[Ff]'ile exists'*) echo EEXIST ;;
    *[Nn]'o such device'*) echo ENODEV ;;
    *[Ii]'nvalid argument'*) echo EINVAL ;;
    *[Dd]'irectory not empty'*) echo ENOTEMPTY ;;
    # What a daemon says of its own backend. ETIMEDOUT is also a deadline of ours: either way nothing answered.
    *[Cc]'onnection timed out'* | *[Oo]'peration timed out'*) echo ETIMEDOUT ;;
    *[Rr]'esource temporarily unavailable'*) echo EAGAIN ;;
    *[Cc]'annot allocate memory'* | *[Oo]'ut of memory'*) echo ENOMEM ;;
    *[Oo]'peration not supported'* | *[Nn]'ot supported'*) echo EOPNOTSUPP ;;
    *[Hh]'ost is down'*) echo EHOSTDOWN ;;
    *) echo UNKNOWN ;;
  esac
}

# bounded COMMAND [ARG]...
# Runs a command that a hung file system may block, and goes on after PROBE_SECONDS, or longer on a busy node (`gauge`). Sets `out`
# to what it printed and `errno` to empty (it worked), ETIMEDOUT (it did not answer) or the name of its error.
# Never waits for the command itself: SIGKILL ends nobody whose question a FUSE daemon has read and does not answer. What
# waits is a cat of the command's words, which ends with them or is ended.
bounded() {
  errno=
  unanswered "$@" && return 1
  if ! open_answers; then
    errno=UNKNOWN out="no named pipe for its answer can be made in $FINDINGS or ${TMPDIR:-/tmp}: $*"
    return 1
  fi
  # In the background a command's standard input is /dev/null, unless it comes by another number.
  { "$@" >"$answers/words" 2>&1 <&5 5<&- & } 5<&0
  asked=$!
  allowed=$((PROBE_SECONDS * slow / 100))
  if out=$(timeout -s KILL "$allowed" cat "$answers/words"); then
    wait "$asked" && asked='' && return 0
    errno=$(errno_of "$out") asked=''
    return 1
  fi
  kill -KILL "$asked" 2>/dev/null
  # Whoever is left behind holds the pipe open, and nobody after him would come to its end.
  rm -f "$answers/words"
  left=$asked left_asking=$* asked=''
  no_answer "$@"
  return 1
}

no_answer() { errno=ETIMEDOUT out="no answer within $allowed s: $*"; }

# Whether the same command was left behind, and is still there after PROBE_SECONDS: to ask again would leave one more each time,
# until the container has no memory for them.
unanswered() {
  [ "$*" = "${left_asking:-}" ] || return 1
  asked_at=$(uptime_now) allowed=$((PROBE_SECONDS * slow / 100))
  while kill -0 "$left" 2>/dev/null; do
    if over "$asked_at" "$allowed"; then
      no_answer "$@"
      return 0
    fi
    sleep 0.1
  done
  left_asking=
  return 1
}

# The named pipe of the answers, in a directory of this process alone. A root file system may be read-only; FINDINGS is not.
open_answers() {
  [ ! -p "${answers:-}/words" ] || return 0
  : "${answers:=$(TMPDIR=$FINDINGS mktemp -d 2>/dev/null || mktemp -d)}"
  [ -n "$answers" ] && mkfifo "$answers/words"
}

# read_marker SCRATCH
# Sets `out` to the marker's text, "run=... nonce=...", and `errno` as bounded does. A file that the daemon's own file system
# holds (MARKER_FILE) carries no such text: there the nonce is the md5sum of its first 64 KiB, copied to the file SCRATCH.
read_marker() {
  if [ -z "$MARKER_FILE" ]; then
    bounded cat "$MARKER"
    return
  fi
  # dd alone meets the file system: a pipeline would outlive the deadline that ends its first process.
  bounded dd if="$MARKER" of="$1" bs=4096 count=16 || return
  sum=$(md5sum <"$1") && [ -s "$1" ] && out="run=$RUN nonce=${sum%% *}" && return
  errno=UNKNOWN out="$MARKER is empty, or there is no md5sum"
  return 1
}

# The mount table's line for the file system that holds a path: the last mounted one whose mount point is the path
# or the longest directory above it. Never touches the path itself, so a dead mount cannot block it.
mount_of() {
  awk -v path="$1" '{
    point = $5
    if (point == path || point == "/" || index(path, point "/") == 1)
      if (length(point) >= best) { best = length(point); line = $0 }
  } END { print line }' "$MOUNTINFO"
}

# Every FUSE mount of the mount table whose mount point is a path or lies below it. Nothing else there is ours: where the
# volume is at the mount point itself, the kubelet's bind mount stands in the table too, and may be of FUSE as well (volume_id).
fuse_below() {
  awk -v path="$1" -v volume="${volume_id:-}" '$1 != volume && ($5 == path || index($5, path "/") == 1) {
    for (i = 7; i < NF && $i != "-"; i++);
    if ($(i + 1) ~ /^fuse(blk)?([.].*)?$/) print
  }' "$MOUNTINFO"
}

# The last of them at exactly this mount point.
fuse_at() { fuse_below "$1" | awk -v path="$1" '$5 == path { line = $0 } END { if (line) print line }'; }

# Every process of this container that holds the FUSE device: a daemon, whoever has started it.
fuse_holders() {
  # shellcheck disable=SC2012 # names of processes and their files are numbers
  ls -l /proc/[0-9]*/fd 2>/dev/null | awk -F/ '/^\/proc\/[0-9]+\/fd:$/ { pid = $3 } / -> \/dev\/fuse$/ { print pid }' | sort -u |
    while read -r pid; do
      [ "$(readlink "/proc/$pid/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ] || echo "$pid"
    done
}

# Every line of the mount table at exactly this mount point: more than one where mounts are stacked.
mounts_at() {
  awk -v path="$1" '$5 == path' "$MOUNTINFO"
}

# The last of them, which is the topmost.
topmost_at() { awk -v path="$1" '$5 == path { line = $0 } END { if (line) print line }' "$MOUNTINFO"; }

# How many mounts this container has, without those that others make below its bridge, the permission matrix and other scenarios'
# pairs: what piles up shows here.
table_size() {
  awk -v bridge="$BRIDGE/" -v own="$MOUNT" 'index($5, bridge) != 1 || index($5, own) == 1 { size++ } END { print size + 0 }' "$MOUNTINFO"
}

# The line of the pod's volume: at the bridge, or else at the mount point, where it is the lowest one.
volume_mount() {
  volume=$(topmost_at "$BRIDGE")
  : "${volume:=$(mounts_at "$MOUNT" | head -n 1)}"
  printf '%s' "${volume:-$(mount_of "$BRIDGE")}"
}

# state_of_mount POINT LINE
# Whose mount it is that lies on top at a mount point, by its line of the mount table. Sets `state`: dead, ours (it carries a
# marker of this test, of any run) or foreign; and for foreign `out` to the reason.
state_of_mount() {
  state=foreign errno=
  if ! is_fuse "$(type_of_mount "$2")"; then
    out="it is no FUSE mount, but $(type_of_mount "$2")"
  elif [ -n "$(awk -v path="$1" 'index($5, path "/") == 1' "$MOUNTINFO")" ]; then
    out="another mount lies below it"
  else
    bounded cat "$1/marker"
    case $errno-$out in
      ENOTCONN-* | ECONNABORTED-*) state=dead ;;
      -"run="*" nonce="* | -"run="*" variant="*) state=ours ;;
      -*) out="its file \`marker\` is not this test's" ;;
      *) out="it lives, and carries no marker of this test: $out" ;;
    esac
  fi
}

# When the kubelet made this pod's volumes, in seconds of the wall clock: that of the probe's own scripts. It makes the volumes of a
# pod together, and before anything of the pod runs.
pod_made() { stat -c %Y "$here/..data" 2>/dev/null || stat -c %Y "$here"; }

# made_with_pod DIRECTORY
# Whether nothing says that a directory is older than this pod. A test's pods are made together: what is older than a pod's volumes
# by more than a minute was there before. Reading a directory renews one of its times, changing it the others; one that was both
# read and changed just now cannot be distinguished from a new one.
made_with_pod() {
  [ -d "$1" ] || return 0
  stat -c '%X %Y %Z' "$1" | awk -v pod="$(pod_made)" '{ for (i = 1; i <= 3; i++) if ($i < pod - 60) old = 1 } END { exit !(NR && !old) }'
}

# The file system type in a line of the mount table: the field after the lone dash. `type_in` sets `type` to it.
type_of_mount() {
  type_in "$1"
  printf '%s' "$type"
}
type_in() {
  type=''
  case $1 in *' - '*) type=${1##* - } ;; esac
  type=${type%% *}
}

# The propagation of a line of the mount table: its optional fields (shared:N, master:N), or "private". They follow the sixth field, and
# end with a lone dash.
peers_of_mount() {
  row=${1%% - *}
  peers=${row#* * * * * * }
  [ "$peers" != "$row" ] || peers=private
  printf '%s\n' "$peers"
}

is_fuse() {
  case $1 in
    fuse | fuse.* | fuseblk | fuseblk.*) return 0 ;;
    *) return 1 ;;
  esac
}

# Who runs this, for the log: user, groups, capabilities, confinement.
log_identity() {
  caps=$(awk '/^CapEff/ { print $2 }' /proc/self/status)
  confined=$(awk '/^NoNewPrivs/ { print $2 }' /proc/self/status)
  label=$(cat /proc/self/attr/current 2>/dev/null || echo none)
  record identity info "uid $(id -u), gid $(id -g), capabilities $caps, no_new_privs $confined, security label $label" \
    uid "$(id -u)" gid "$(id -g)" capabilities "$caps" no_new_privs "$confined" label "$label" \
    uid_map "$(awk '{ print $1, $2, $3; exit }' /proc/self/uid_map)"
}

# A process and everything that it has started, so that none of a daemon's helpers keeps a mount alive.
family() {
  cat /proc/[0-9]*/status 2>/dev/null | awk -v root="$1" '
    /^Pid:/ { pid = $2 }
    /^PPid:/ { parent[pid] = $2 }
    END {
      member[root]
      do {
        grown = 0
        for (pid in parent) if (!(pid in member) && (parent[pid] in member)) { member[pid]; grown = 1 }
      } while (grown)
      for (pid in member) print pid
    }'
}

# An interruptible pause: a shell that waits runs its trap at once, one that sleeps in the foreground does not.
pause() {
  sleep "$1" &
  napping=$!
  wait "$napping" 2>/dev/null
  napping=
}

# ---- a schedule that a busy node stretches ----
# Readers look again and again, and a busy node lets them look less often. So the times of the schedule, and the deadlines of every
# question, are seconds of an idle node: each side measures how slow the node is to itself, and lets its time go on by that
# much less. No word passes between the pods for it.

# Sets `up` to the seconds since boot, and `ticks` to the same in hundredths.
ticks() {
  read -r up _ </proc/uptime
  ticks=${up%.*}${up#*.}
}

# Sets `slow`, in percent: 100 where the node answers as an idle one does, at most STRETCH times that. What is timed is a question
# to the kernel, as every look asks it; no daemon answers it, so one that hangs makes no node slow. Sets `out` to the bridge's device.
gauge() {
  ticks
  gauged=$ticks
  bounded stat -c %d "$BRIDGE"
  ticks
  slow=$(((ticks - gauged) * 100 / IDLE_TICKS))
  [ "$slow" -ge 100 ] || slow=100
  [ "$slow" -le $((STRETCH * 100)) ] || slow=$((STRETCH * 100))
}

# Adds to `aged`, hundredths of a second of the schedule, what has passed since the last time.
age() {
  ticks
  aged=$((aged + (ticks - aged_at) * 100 / slow))
  aged_at=$ticks
}

# hold SECONDS: a pause of so many seconds of the schedule.
hold() {
  ticks
  aged=0 aged_at=$ticks held_since=$ticks
  while [ "$aged" -lt $(($1 * 100)) ]; do
    nap=$(($1 * 100 - aged))
    [ "$nap" -le 20 ] || nap=20
    pause "0.$((nap / 10))$((nap % 10))"
    gauge
    age
  done
  [ $((ticks - held_since)) -lt $(($1 * 100 + 100)) ] ||
    record pace info "the node is busy: $1 s of the schedule took $(((ticks - held_since) / 100)) s" seconds "$1" took "$(((ticks - held_since) / 100))"
}

# Of a pause that a signal cut short, the sleep goes on; and a question of which nobody has begun to read the answer.
pause_over() {
  for going in ${napping:-} ${asked:-}; do kill -KILL "$going" 2>/dev/null; done
}

: "${RUN:=manual}" "${NODE:=unknown}" "${ROLE:=unknown}" "${PROBE_SECONDS:=2}"
# How long a question to the kernel takes on a node that is not busy, at most, in hundredths of a second; and by how much the
# schedule may be stretched, as core/plan/schedule.ts has it.
IDLE_TICKS=6
: "${STRETCH:=6}"
slow=100
BRIDGE=${BRIDGE:-/bridge}
FINDINGS=${FINDINGS:-/findings}
POD=${POD:-/pod}
MOUNTINFO=${MOUNTINFO:-/proc/self/mountinfo}
MOUNT=$BRIDGE/fuse
# In a bridge that was made for the test: see producer.sh and sweep.sh.
STAMP=.fuse-propagation-test
TURNS=$STAMP.turns
MARKER_FILE=${MARKER_FILE:-}
MARKER=$MOUNT/${MARKER_FILE:-marker}
# What readers keep open over the daemon's death.
HELD=$MOUNT/${MARKER_FILE:-held}
BOOT=$(awk '/^btime/ { print $2 }' /proc/stat)
