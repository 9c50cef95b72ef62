# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154,SC2317 # what it reads and sets is of lib.sh, which calls what is defined again here
# Whether the image has what the probe needs, and whether a daemon that did not answer in time answers at all. Sourced after
# lib.sh, never run.

# require_tools TOOL...
# Ends the container where the image lacks a tool, or has one of another kind: every later answer would be a wrong one.
require_tools() {
  lacking=
  for tool in awk cat cut date dd grep head id md5sum mkfifo mktemp sleep stat tail timeout "$@"; do
    command -v "$tool" >/dev/null 2>&1 || lacks "$tool"
  done
  knows "stat -c" stat -c %d /
  ! command -v timeout >/dev/null 2>&1 || knows "timeout -s KILL" keeps_answers
  knows "sleep 0.01" sleep 0.01
  knows "date -d @0" date -u -d @0 +%Y
  [ -n "$lacking" ] || return 0
  # A record without awk and date: these words need no escaping, and the clock is the node's.
  json_text() { json=$1; }
  rfc3339() { time="uptime $1"; }
  record tools error "the image lacks what the probe needs: $lacking" detail "$lacking"
  exit 1
}

# toybox' timeout (0.8.9) says 127 of every other command that ends at once, however it ended.
keeps_answers() {
  for _ in 1 2 3 4 5 6 7 8 9 10; do timeout -s KILL 5 cat /proc/uptime || return; done
}

lacks() { lacking="${lacking:+$lacking, }$1"; }

# knows WORDS TOOL [ARG]...: whether a tool that is there understands what the probe says to it.
knows() {
  words=$1
  shift
  command -v "$1" >/dev/null 2>&1 || return 0
  "$@" >/dev/null 2>&1 </dev/null || lacks "$words"
}

# slowly COMMAND [ARG]...
# Once in a life, after a deadline has passed: asks in the background, without one, and records how long the answer took, if
# that was longer than the deadline. A daemon that hangs leaves no such record.
slowly() {
  [ -z "${asked_slowly:-}" ] || return 0
  asked_slowly=yes
  # Not with the file that a reader holds: a process that ends with it asks the daemon again.
  {
    exec 4>&-
    began=$(uptime_now)
    "$@" >/dev/null 2>&1 </dev/null && over "$began" "$PROBE_SECONDS" || exit 0
    took=$(awk -v from="$began" -v to="$(uptime_now)" 'BEGIN { printf "%.1f", to - from }')
    record slow info "the daemon answers, after $took s; probeSeconds is $PROBE_SECONDS" seconds "$took"
  } &
}
