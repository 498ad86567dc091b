#!/bin/bash
# A key from LoadCredential= reaches the upstream and shows up nowhere else.
. "$(dirname "$0")/common.sh"

write_configuration /etc/halley/config.toml
start_simulator_with_key
start_system_socket

# No credential is no reason not to start; a loopback upstream is asked without a key then.
status=0
call responses.create '{"input":"Hi"}' >/run/answer 2>/run/error || status=$?
expect "the exit status for a refused key" $status 77
expect "what the client is told" "$(cat /run/error)" '*401: Incorrect API key provided*'

# Where the configuration asks for it, the daemon says what is missing, and asks nobody.
sed -i '$a api_key = { credential = "cometapi" }' /etc/halley/config.toml
systemctl restart halley.service
status=0
call responses.create '{"input":"Hi"}' >/run/answer 2>/run/error || status=$?
expect "the exit status for a missing key" $status 78
expect "what the client is told" "$(cat /run/error)" '*no systemd credential cometapi*'

install --directory --mode=700 /etc/credstore
(umask 077 && printf '%s\n' "$key" >/etc/credstore/cometapi)
systemctl restart halley.service
call responses.create '{"input":"Hi","metadata":{"text":"with a key"}}' >/run/answer
expect "the answer to the key" "$(text_of </run/answer)" "with a key"
call daemon.status >/run/status
pid=$(main_pid)

for file in "/proc/$pid/environ" "/proc/$pid/cmdline" /run/answer /run/status; do
  ! grep --text --quiet --fixed-strings "$key" "$file" || fail "the key is in $file"
done
systemctl show halley.service | grep --fixed-strings "$key" >/dev/null && fail "systemctl show has the key"
await "the response is in the journal" has_entry '.HALLEY_STATUS == "completed"' \
  MESSAGE_ID=$response_ended
! journal_holds "$key" || fail "the key is in the journal"
! grep --text --recursive --quiet --fixed-strings "$key" /var/lib/private/halley ||
  fail "the key is in the state directory"
