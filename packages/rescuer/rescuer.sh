#!/bin/sh
# Starts the agent of a Steadfleet device. Where it did not become healthy so many times in a row, the
# rescuer first points back to what was good before. It can do nothing else, and shares no code with the
# agent. README.md says which files it reads and writes.
#
# No `set -e`: whatever cannot be read or written here, the agent is still started.
set -u
umask 022
PATH=${PATH:-/usr/sbin:/usr/bin:/sbin:/bin}

usage() {
  cat <<'END'
rescuer: starts the agent of a device, and points back where it does not become healthy

  rescuer [--home DIR] [ARGUMENT ...]
  rescuer [--home DIR] --unit          prints a unit for systemd, and starts nothing

  --home DIR   where agent.mjs, node and state lie; else $STEADFLEET_HOME, else the folder of this file
  ARGUMENT     given to the agent, after run --state DIR/state

  STEADFLEET_TRIES         starts that what is on trial has to become healthy; 3
  STEADFLEET_PROVEN_TRIES  the same for what was healthy before; 10
  STEADFLEET_START_SECONDS the longest that one start may take, then it is ended; 300
  STEADFLEET_HANG_SECONDS  the longest that an agent may give no sign of life, then it is ended; 180

  rescuer --home /var/lib/steadfleet --bandwidth 500k
END
}

# The apps live on when the service ends (KillMode), in cgroups that the agent makes below its own (Delegate).
# There is no limit to how long a start takes, nor to how many there are: that is the rescuer's work.
unit() {
  cat <<END
[Unit]
Description=Steadfleet agent
Documentation=file:$home/rescuer
After=network.target
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=all
ExecStart=$home/rescuer --json
Restart=always
RestartSec=1
TimeoutStartSec=infinity
TimeoutStopSec=15
KillMode=process
Delegate=yes

[Install]
WantedBy=multi-user.target
END
}

say() { printf 'rescuer: %s\n' "$*" >&2; }

# The first line of a small file; nothing where there is none, or a folder, or only garbage.
first_line() {
  [ -f "$1" ] || return 0
  dd if="$1" bs=256 count=1 2>/dev/null | tr -d '\000' | sed -n 1p
}

# Replaces a file so that after a cut of power it is the old one or the new one.
replace() {
  if [ -d "$1" ]; then rm -rf "$1"; fi
  { printf '%s\n' "$2" >"$1.new" && settle "$1.new" && mv -f "$1.new" "$1" && settle "$agents"; } 2>/dev/null ||
    say "cannot write $1"
}

# An older sync takes no names, and writes all there is.
settle() { sync "$1" 2>/dev/null || sync; }

is_number() {
  case $1 in '' | *[!0-9]* | 0?*) return 1 ;; esac
  [ "${#1}" -le 9 ]
}

# An agent is `own`, the one beside this file, or the tree of a package by its 64 digits.
is_agent() {
  case $1 in
    own) return 0 ;;
    '' | *[!0-9a-f]*) return 1 ;;
  esac
  [ "${#1}" -eq 64 ]
}

file_of() {
  if [ "$1" = own ]; then printf '%s' "$home/agent.mjs"; else printf '%s' "$state/trees/$1/steadfleet-agent.mjs"; fi
}

is_usable() { is_agent "$1" && [ -s "$(file_of "$1")" ] && is_sound "$1"; }

# What the agent's file was when it was taken, by SHA-256: 64 digits, or nothing where nobody wrote it down.
sum_of() {
  if [ "$1" = own ]; then
    first_line "$home/agent.sha256"
  elif [ -f "$agents/sums" ]; then
    dd if="$agents/sums" bs=4096 count=1 2>/dev/null | tr -d '\000' | sed -n "s/^$1 //p" | sed -n 1p
  fi
}

# Whether the file is still what it was. What cannot be found out is taken for sound.
is_sound() {
  wanted=$(sum_of "$1")
  [ "${#wanted}" -eq 64 ] || return 0
  found=$(sha256sum "$(file_of "$1")" 2>/dev/null) || return 0
  [ "${found%% *}" = "$wanted" ]
}

agent_in() {
  named=$(first_line "$1")
  if is_agent "$named"; then printf '%s' "$named"; fi
}

# What the one pointer of the generations names; its copy counts where it is torn.
generation() {
  for link in "$state/current" "$state/current.copy"; do
    number=$(readlink "$link" 2>/dev/null)
    number=${number##*/}
    if is_number "$number"; then
      printf '%s' "$number"
      return
    fi
  done
  printf 0
}

# What was done is written down before it is done: else the agent would not know that it was undone.
note() {
  [ "$(wc -c <"$agents/rescued" 2>/dev/null || echo 0)" -lt 65536 ] || return 0
  printf '%s\n' "$*" >>"$agents/rescued" && settle "$agents/rescued" && settle "$agents"
}

point_agent() {
  if is_sound "$agent"; then
    note agent "$agent" "$1" "$count"
    say "agent $agent did not become healthy in $count starts: back to $1"
  else
    note agent "$agent" "$1" "$count" changed
    say "agent $agent is not what it was: back to $1"
  fi
  replace "$agents/current" "$1"
}

# First the copy, then the pointer: at any instant one of them names what is whole.
point_generation() {
  note generation "$number" "$1" "$count"
  for link in "$state/current.copy" "$state/current"; do
    rm -rf "$link" && ln -s "generations/$1" "$link" && settle "$state"
  done
  say "generation $number did not become healthy in $count starts: back to $1"
}

# The agent whose turn is next: the good one, the one before it, the one that came with the device.
next_agent() {
  past=no
  first=''
  for other in "$good_agent" "$(agent_in "$agents/previous")" own; do
    if [ "$other" = "$agent" ]; then
      past=yes
    elif is_usable "$other"; then
      if [ "$past" = yes ]; then
        printf '%s' "$other"
        return
      fi
      first=${first:-$other}
    fi
  done
  printf '%s' "$first"
}

# The good agent first; under it the good generation; then whatever else is there, by turns.
step_back() {
  number=$(generation)
  if [ "$agent" = "$good_agent" ] && is_number "$good_generation" && [ "$good_generation" != "$number" ] &&
    [ -s "$state/generations/$good_generation/generation.json" ]; then
    point_generation "$good_generation"
    return 0
  fi
  next=$(next_agent)
  [ -n "$next" ] || return 1
  point_agent "$next"
  agent=$next
}

# Whoever holds the state already is not to be counted as a start that failed.
refuse_second() {
  holder=$(first_line "$state/holder")
  is_number "$holder" && [ "$holder" != $$ ] || return 0
  case $(tr '\000' ' ' <"/proc/$holder/cmdline" 2>/dev/null) in
    *" run --state $state "*)
      say "an agent runs already: process $holder"
      exit 1
      ;;
  esac
}

count_start() {
  started=$(first_line "$agents/starts")
  count=${started%% *}
  is_number "$count" || count=0
  tries=${STEADFLEET_TRIES:-3}
  if [ "$agent $(generation)" = "$good_agent $good_generation" ]; then tries=${STEADFLEET_PROVEN_TRIES:-10}; fi
  if { [ "$count" -ge "$tries" ] || ! is_usable "$agent"; } && step_back; then count=0; fi
  count=$((count + 1))
  replace "$agents/starts" "$count $$"
  # With nothing sound to go back to, it is the one that can put itself right.
  is_sound "$agent" || note agent "$agent" "$agent" "$count" changed
}

# By then this process is the agent, or was.
is_running() {
  case $(tr '\000' ' ' <"/proc/$$/cmdline" 2>/dev/null) in *" run --state $state "*) return 0 ;; esac
  return 1
}

# Ends a start that is neither over nor healthy in time.
watch_start() {
  seconds=0
  limit=${STEADFLEET_START_SECONDS:-300}
  pause=$((limit < 5 ? 1 : 5))
  while [ "$seconds" -lt "$limit" ]; do
    sleep "$pause"
    seconds=$((seconds + pause))
    kill -0 $$ 2>/dev/null || return 0
    [ "$(first_line "$agents/starts")" = "$count $$" ] || return 0
  done
  if is_running; then kill -9 $$; fi
}

# Ends an agent that was healthy and gives no sign of life any more; its apps go on. An agent that never gave
# one is older than this, or has nowhere to write it.
watch_life() {
  seconds=0
  before=''
  while is_running; do
    sleep "$beat_seconds"
    beat=$(first_line "$STEADFLEET_BEAT")
    if [ -z "$beat" ] || [ "$beat" != "$before" ]; then seconds=0; else seconds=$((seconds + beat_seconds)); fi
    before=$beat
    if [ "$seconds" -ge "$hang_seconds" ] && is_running; then kill -9 $$; fi
  done
  rm -f "$STEADFLEET_BEAT"
}

# A file that costs no flash memory its life; empty where there is none such.
beat_file() {
  for folder in "${XDG_RUNTIME_DIR:-}" /run /dev/shm; do
    if [ -n "$folder" ] && [ -d "$folder" ] && [ -w "$folder" ]; then
      printf '%s' "$folder/steadfleet-agent-$$"
      return
    fi
  done
}

# The runtime that the package brought, else the device's.
runtime_of() {
  if [ "$1" != own ] && [ -x "$state/trees/$1/bin/node" ]; then
    printf '%s' "$state/trees/$1/bin/node"
  elif [ -x "$home/node" ]; then
    printf '%s' "$home/node"
  else
    command -v node
  fi
}

case ${1:-} in
  --help)
    usage
    exit 0
    ;;
  --home)
    if [ $# -lt 2 ]; then
      say "cannot understand the command: --home needs a folder"
      exit 2
    fi
    home=$2
    shift 2
    ;;
  *) home=${STEADFLEET_HOME:-$(dirname "$0")} ;;
esac
home=$(cd "$home" && pwd -P) || exit 1
if [ "${1:-}" = --unit ]; then
  unit
  exit 0
fi
state=$home/state
agents=$state/agent

mkdir -p "$agents" 2>/dev/null
refuse_second
good=$(first_line "$agents/proven")
good_agent=${good%% *}
good_generation=${good#* }
agent=$(agent_in "$agents/current")
agent=${agent:-own}
count_start
STEADFLEET_BEAT=$(beat_file)
export STEADFLEET_BEAT
hang_seconds=${STEADFLEET_HANG_SECONDS:-180}
beat_seconds=$((hang_seconds < 90 ? 1 : 30))
# By exec, since a shell keeps what a command's own redirection replaces, and with it who reads it waiting.
(
  exec </dev/null >/dev/null 2>&1
  watch_start
  if [ -n "$STEADFLEET_BEAT" ]; then watch_life; fi
) &

STEADFLEET_LAUNCHED=$agent
export STEADFLEET_LAUNCHED
# What the C library no longer uses goes back to the system at once: 10 MB less of an agent that waits.
export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-1}" MALLOC_TRIM_THRESHOLD_="${MALLOC_TRIM_THRESHOLD_:-65536}"
export MALLOC_MMAP_THRESHOLD_="${MALLOC_MMAP_THRESHOLD_:-8192}"
exec "$(runtime_of "$agent")" "$(file_of "$agent")" run --state "$state" "$@"
