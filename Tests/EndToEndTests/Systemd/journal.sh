#!/bin/bash
# The fields of a response's entry, read back from a real journal; prompts stay out of it unless
# the configuration asks for them.
. "$(dirname "$0")/common.sh"

canary="canary-of-the-prompt-51c9"

write_configuration /etc/halley/config.toml
sed -i 's/^enabled = false$/enabled = true/' /etc/halley/config.toml
cat >>/etc/halley/config.toml <<'EOF'

[prices."gpt-5.4"]
input = 1000.0
output = 1000.0

[budgets]
daily_usd = 1.0
warn_percent = 1
EOF
start_simulator
start_system_socket

request='{"input":"'$canary'","conversation":"journal","max_output_tokens":16,"metadata":{"text":"ok"}}'
call responses.create "$request" >/run/first
call responses.create '{"input":"'$canary' again","max_output_tokens":16}' >/run/miss
call responses.create '{"input":"'$canary' again","max_output_tokens":16}' >/run/hit
id=$(tail -n 1 /run/first | jq -r .id)

await "the response is in the journal" has_entry ".HALLEY_RESPONSE_ID == \"$id\"" \
  MESSAGE_ID=$response_ended
entries "MESSAGE_ID=$response_ended" "HALLEY_RESPONSE_ID=$id" >/run/entry
field() { jq -r ".HALLEY_$1 // \"(none)\"" /run/entry; }
expect "the priority" "$(jq -r .PRIORITY /run/entry)" 5
expect UPSTREAM "$(field UPSTREAM)" cometapi
expect MODEL "$(field MODEL)" gpt-5.4
expect CLIENT "$(field CLIENT)" halley
expect CLIENT_UID "$(field CLIENT_UID)" 0
expect CLIENT_PID "$(field CLIENT_PID)" '[1-9]*'
expect CONVERSATION "$(field CONVERSATION)" 'conv_*'
expect STATUS "$(field STATUS)" completed
expect CACHE "$(field CACHE)" miss
expect ATTEMPTS "$(field ATTEMPTS)" 1
for name in INPUT_TOKENS CACHED_TOKENS OUTPUT_TOKENS REASONING_TOKENS FIRST_EVENT_MS TOTAL_MS; do
  expect "$name" "$(field $name)" '[0-9]*'
done
expect INPUT_TOKENS "$(field INPUT_TOKENS)" "$(tail -n 1 /run/first | jq -r .usage.input_tokens)"
expect COST_USD "$(field COST_USD)" "$(tail -n 1 /run/first | jq -r .halley.cost_usd)"

hit=$(tail -n 1 /run/hit | jq -r .id)
await "the hit is in the journal" has_entry \
  ".HALLEY_RESPONSE_ID == \"$hit\" and .HALLEY_CACHE == \"hit\" and .HALLEY_COST_USD == \"0\"" \
  MESSAGE_ID=$response_ended
await "the budget's warning is in the journal" has_entry '.HALLEY_BUDGET == "daily_usd"' \
  MESSAGE_ID=481e4fecca4e434f8dca86adf311747c

! journal_holds "$canary" || fail "a prompt is in the journal"

printf '[log]\nprompts = true\n' >>/etc/halley/config.toml
call daemon.reload >/dev/null
call responses.create '{"input":"'$canary' aloud","max_output_tokens":16}' >/dev/null
await "the prompt is in the journal" has_entry ".HALLEY_PROMPT == \"$canary aloud\"" \
  MESSAGE_ID=$response_ended
