#!/bin/bash
# Running answers end before the service does, and no client sees a stop or a crash of it.
. "$(dirname "$0")/common.sh"

write_configuration /etc/halley/config.toml
start_simulator
start_system_socket
call daemon.ping >/dev/null

# Drain: the answer goes on after SIGTERM; who comes meanwhile is served by the next process.
call responses.create '{"input":"Hi","stream":true,"metadata":{"words":"60","rate":"40"}}' \
  >/run/answer &
client=$!
await "the answer streams" grep -q output_text.delta /run/answer
first=$(main_pid)
systemctl stop --no-block halley.service
await "the service is stopping" has_property StatusText 'Finishing 1 responses'
expect "the state while it drains" "$(property ActiveState)" deactivating
call daemon.ping >/run/late &
late=$!
wait $client || fail "the client of the running answer ended with status $?"
expect "the status of the drained answer" \
  "$(tail -n 1 /run/answer | jq -r '[.. | objects | select(.object? == "response") | .status][0]')" \
  completed
expect "its words" "$(text_of </run/answer | wc -w)" 60
wait $late || fail "a client that came during the drain ended with status $?"
expect "what it got" "$(cat /run/late)" '{}'
await "the next process runs" has_property ActiveState active
[ "$(main_pid)" != "$first" ] || fail "the process is the old one"
await "the stop is in the journal" has_entry '.HALLEY_RUNNING == "1"' \
  MESSAGE_ID=e2a76184566e479fac339eaf41201acb

# Crash: the socket is systemd's, so it goes on.
second=$(main_pid)
kill -KILL "$second"
expect "the answer after a crash" "$(call daemon.ping)" '{}'
await "the service was restarted" has_property NRestarts 1
expect "the answer of the restarted service" \
  "$(call responses.create '{"input":"Hi","metadata":{"text":"back"}}' | text_of)" back
[ "$(main_pid)" != "$second" ] || fail "the process is the killed one"
# More often in ten seconds than systemd lets a service start by default.
for restarts in 2 3 4 5 6 7; do
  kill -KILL "$(main_pid)"
  await "the service was restarted $restarts times" has_property NRestarts $restarts
  await "it runs" has_property ActiveState active
done
expect "the answer after many crashes" "$(call daemon.ping)" '{}'
expect "the socket" "$(property ActiveState halley.socket)" active

# A stop without work is quick, clean, and leaves the socket.
systemctl stop halley.service
expect "the result" "$(property Result)/$(property ExecMainStatus)" success/0
expect "the socket after the stop" "$(property ActiveState halley.socket)" active
expect "the answer after the stop" "$(call daemon.ping)" '{}'
