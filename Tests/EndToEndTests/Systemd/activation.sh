#!/bin/bash
# The system socket alone is enough: the first client starts the service and gets its answer.
. "$(dirname "$0")/common.sh"

write_configuration /etc/halley/config.toml
start_simulator
systemd-sysusers
printf '%s\n' 'u bob 3001' 'm bob halley' 'u eve 3002' | systemd-sysusers -
systemctl daemon-reload
systemctl enable --quiet --now halley.socket
expect "the service before the first client" "$(property ActiveState)" inactive
expect "owner and mode of the socket" "$(stat -c %U:%G:%a $socket)" root:halley:660

# As one of its users, with the groups of that user.
as() { # USER COMMAND...
  local user=$1
  shift
  setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups --reset-env -- \
    env PATH=/usr/bin:/bin "$@"
}

prompt='a canary in the prompt: tuyere-quillwort'
answer='a canary in the answer: ophicleide-samphire'
request=$(jq -n -c --arg prompt "$prompt" --arg answer "$answer" \
  '{input: $prompt, stream: true, metadata: {text: $answer}}')
as bob halley rpc --socket $socket responses.create <<<"$request" >/run/answer

expect "the last line's text" "$(text_of </run/answer)" "$answer"
deltas=$(jq -r 'select(.params.event.type? == "response.output_text.delta") | .params.event.delta' \
  -j </run/answer)
expect "the streamed text" "$deltas" "$answer"
expect "the service after the first client" "$(property ActiveState)" active
expect "its type" "$(property Type)" notify
await "STATUS says who is there" has_property StatusText '* clients, 0 responses'

# Peers are told apart by their true uid, and others are kept out by the socket's group.
if as eve halley rpc --socket $socket daemon.ping 2>/run/refused; then
  fail "a user who is not in the group halley got in"
fi
expect "what an outsider is told" "$(cat /run/refused)" "*you may not use the daemon at $socket*group halley*"
as bob halley rpc --socket $socket daemon.ping >/dev/null

# The entry of the response.
await "the response is in the journal" has_entry '.HALLEY_STATUS == "completed"' \
  MESSAGE_ID=$response_ended
entry=$(entries MESSAGE_ID=$response_ended)
id=$(tail -n 1 /run/answer | jq -r '[.. | objects | select(.object? == "response") | .id][0]')
usage() { tail -n 1 /run/answer | jq -r "[.. | objects | select(.object? == \"response\")][0].usage.$1"; }
expect HALLEY_RESPONSE_ID "$(jq -r .HALLEY_RESPONSE_ID <<<"$entry")" "$id"
expect HALLEY_UPSTREAM "$(jq -r .HALLEY_UPSTREAM <<<"$entry")" cometapi
expect HALLEY_MODEL "$(jq -r .HALLEY_MODEL <<<"$entry")" gpt-5.4
expect HALLEY_CLIENT "$(jq -r .HALLEY_CLIENT <<<"$entry")" halley
expect HALLEY_CLIENT_UID "$(jq -r .HALLEY_CLIENT_UID <<<"$entry")" 3001
expect HALLEY_CLIENT_PID "$(jq -r .HALLEY_CLIENT_PID <<<"$entry")" '[1-9]*'
expect HALLEY_INPUT_TOKENS "$(jq -r .HALLEY_INPUT_TOKENS <<<"$entry")" "$(usage input_tokens)"
expect HALLEY_OUTPUT_TOKENS "$(jq -r .HALLEY_OUTPUT_TOKENS <<<"$entry")" "$(usage output_tokens)"
expect HALLEY_ATTEMPTS "$(jq -r .HALLEY_ATTEMPTS <<<"$entry")" 1
expect HALLEY_TOTAL_MS "$(jq -r .HALLEY_TOTAL_MS <<<"$entry")" '[0-9]*'
expect HALLEY_FIRST_EVENT_MS "$(jq -r .HALLEY_FIRST_EVENT_MS <<<"$entry")" '[0-9]*'
expect HALLEY_SEQ "$(jq -r .HALLEY_SEQ <<<"$entry")" '[0-9]*'
expect PRIORITY "$(jq -r .PRIORITY <<<"$entry")" 5
expect SYSLOG_IDENTIFIER "$(jq -r .SYSLOG_IDENTIFIER <<<"$entry")" halleyd

# The catalog explains it, with the entry's own values.
journalctl --update-catalog
explained=$(journalctl --no-pager --catalog --unit=halley.service MESSAGE_ID=$response_ended)
expect "the explanation" "$explained" "*Response $id ended: completed*asked*gpt-5.4*upstream*cometapi*"

for canary in tuyere-quillwort ophicleide-samphire; do
  ! journal_holds $canary || fail "the journal holds $canary, text of a prompt or an answer"
done
journal_holds "$id" || fail "the search of the journal finds nothing"
