#!/bin/bash
# `systemctl reload` takes all of a good configuration and nothing of a bad one.
. "$(dirname "$0")/common.sh"

config=/etc/halley/config.toml
write_configuration $config
start_simulator
start_system_socket
ask() { call responses.create '{"input":"Hi","metadata":{"text":"Hello"}}'; }
model_of() { tail -n 1 | jq -r '[.. | objects | select(.object? == "response") | .model][0]'; }
expect "the model at the start" "$(ask | model_of)" gpt-5.4
pid=$(main_pid)

sed -i 's/gpt-5.4/gpt-5.4-mini/' $config
systemctl reload halley.service || fail "a good configuration was not reloaded"
await "the reload is in the journal" has_entry true MESSAGE_ID=d15ec7b6bd0342b2bdce9904c55c751c
expect "the model after a reload" "$(ask | model_of)" gpt-5.4-mini

printf '\n[limits]\nlien = "1MiB"\n' >>$config
! systemctl reload halley.service 2>/dev/null || fail "a bad configuration was said to be reloaded"
expect "what the reload ended with" "$(systemctl show --property ExecReload --value halley.service)" \
  '*status=78*'
expect STATUS "$(property StatusText)" "Configuration was not reloaded: $config:11:1: *"
await "the mistake is in the journal" has_entry \
  '.MESSAGE | test("/etc/halley/config.toml:11:1: limits.lien: .*did you mean .line.")' \
  MESSAGE_ID=29016149d4414e39803f98f6370e054c
expect "the model after a bad configuration" "$(ask | model_of)" gpt-5.4-mini
expect "the state" "$(property ActiveState)/$(property SubState)" active/running

sed -i 's/^lien/line/; s/gpt-5.4-mini/gpt-5.4-nano/' $config
systemctl reload halley.service
expect "STATUS of the mended one" "$(property StatusText)" '* clients, * responses'
model_is() { [ "$(ask | model_of)" = "$1" ]; }
await "the mended configuration is in force" model_is gpt-5.4-nano
expect "the process" "$(main_pid)" "$pid"
