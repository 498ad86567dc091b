#!/bin/bash
# A journal that does not read holds up no answer, and gets every entry later.
. "$(dirname "$0")/common.sh"

write_configuration /etc/halley/config.toml
start_simulator
start_system_socket
call daemon.ping >/dev/null
pid=$(main_pid)
journald=$(property MainPID systemd-journald.service)

# More entries than the socket of journald takes: the daemon's writer is stuck from then on.
count=$(($(cat /proc/sys/net/unix/max_dgram_qlen) + 30))
[ $count -le 600 ] || count=600
kill -STOP "$journald"
trap 'kill -CONT $journald' EXIT
for ((request = 0; request < count; request += 30)); do
  for ((id = request; id < request + 30; id++)); do
    echo '{"id":'$id',"method":"responses.create","params":{"input":"Hi","metadata":{"text":"Hello"}}}'
  done | timeout 20 nc -N -U $socket
done >/run/answers
answered=$(jq -s '[.[] | select(.result.status == "completed")] | length' /run/answers)
expected=$(jq -s length /run/answers)
expect "completed answers" "$answered" "$expected"
[ "$answered" -ge $count ] || fail "$answered answers, at least $count were expected"
in_send() { grep --quiet --no-messages '^46 ' /proc/"$pid"/task/*/syscall; } # sendmsg(2)
[ "$(uname -m)" != x86_64 ] || await "the writer is stuck" in_send
expect "a ping" "$(call daemon.ping)" '{}'
kill -CONT "$journald"
trap - EXIT

every_entry() { [ "$(entries MESSAGE_ID=$response_ended | wc -l)" -eq "$expected" ]; }
await "every entry is there" every_entry
gaps=$(entries | jq -s '[.[] | .HALLEY_SEQ // empty | tonumber] | sort | .[-1] - .[0] + 1 - length')
expect "gaps in HALLEY_SEQ" "$gaps" 0
expect "the process" "$(main_pid)" "$pid"

# A stop does not wait for it either.
kill -STOP "$journald"
trap 'kill -CONT $journald' EXIT
for ((id = 0; id < 30; id++)); do
  echo '{"id":'$id',"method":"responses.create","params":{"input":"Hi","metadata":{"text":"Hello"}}}'
done | timeout 20 nc -N -U $socket >/dev/null
kill -TERM "$pid"
gone() { ! kill -0 "$pid"; }
await "the process has ended" gone
kill -CONT "$journald"
trap - EXIT
