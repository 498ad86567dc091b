#!/bin/bash
# The sandbox of the unit file is in force in the running service.
. "$(dirname "$0")/common.sh"

mkdir -p /etc/halley
start_system_socket
call daemon.ping >/dev/null
pid=$(main_pid)

exposure=$(systemd-analyze security --no-pager halley.service |
  sed -n 's/.*Overall exposure level for halley.service: \([0-9.]*\).*/\1/p')
awk -v exposure="$exposure" 'BEGIN { exit !(exposure > 0 && exposure <= 3.5) }' ||
  fail "exposure is $exposure, at most 3.5 was expected"

status() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$pid/status"; }
expect "capabilities" "$(status CapEff)/$(status CapBnd)" 0000000000000000/0000000000000000
expect "NoNewPrivs" "$(status NoNewPrivs)" 1
expect "Seccomp (2: filtered)" "$(status Seccomp)" 2
expect "a user of its own" "$(status Uid)" '6[0-9][0-9][0-9][0-9]*'
expect "core files" "$(sed -n 's/^Max core file size *\([^ ]*\).*/\1/p' "/proc/$pid/limits")" 0
[ "$(readlink "/proc/$pid/ns/mnt")" != "$(readlink /proc/1/ns/mnt)" ] ||
  fail "the service sees the host's file systems as they are"
[ "$(readlink "/proc/$pid/ns/user")" = "$(readlink /proc/1/ns/user)" ] ||
  fail "in a user namespace every client would be nobody"

inside() { nsenter --target "$pid" --mount -- "$@"; }
! inside touch /etc/halley/written 2>/dev/null || fail "/etc is writable for the service"
! inside touch /usr/written 2>/dev/null || fail "/usr is writable for the service"
inside touch /var/lib/private/halley/written || fail "the state directory is not writable"
expect "the database" "$(stat -c %a /var/lib/private/halley/halley.db)" 600
