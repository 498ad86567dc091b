#!/bin/bash
# With few descriptors and many streams the service works on: who is too many is told so, nobody else.
. "$(dirname "$0")/common.sh"

mkdir -p /etc/systemd/system/halley.service.d
printf '[Service]\nLimitNOFILE=40\nWatchdogSec=3s\n' \
  >/etc/systemd/system/halley.service.d/few.conf
write_configuration /etc/halley/config.toml
start_simulator
start_system_socket
call daemon.ping >/dev/null
pid=$(main_pid)

request='{"input":"Hi","stream":true,"metadata":{"words":"120","rate":"20"}}'
stream() { # NUMBER
  local status=0
  timeout 60 halley rpc --socket $socket responses.create "$request" \
    >"/run/answer.$1" 2>"/run/error.$1" || status=$?
  echo $status >"/run/status.$1"
}
for number in $(seq 50); do stream "$number" & done
wait

completed=$(grep -l '"response.completed"' /run/answer.* | wc -l)
refused=$(grep -l descriptors /run/error.* | wc -l)
expect "the statuses" "$(cat /run/status.* | sort -u | tr '\n' ' ')" '0 75 '
expect "completed and refused" "$completed + $refused = $((completed + refused))" '[1-9]* + [1-9]* = 50'
expect "the process" "$(main_pid) $(property NRestarts)" "$pid 0"
warnings=$(entries PRIORITY=3 PRIORITY=4 | wc -l)
[ "$warnings" -le 10 ] || fail "the journal has $warnings warnings"
expect "the upstream" "$(call daemon.status | jq -c '.upstreams[0] | [.breaker, .failed]')" '\["closed",0\]'
expect "the answer afterwards" \
  "$(call responses.create '{"input":"Hi","metadata":{"text":"works"}}' | text_of)" works
