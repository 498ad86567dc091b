#!/bin/bash
# With a mistake in its configuration the service comes up and says so, to systemd and to clients.
. "$(dirname "$0")/common.sh"

config=/etc/halley/config.toml
write_configuration $config
sed -i 's/^base_url/base_ulr/' $config
start_simulator
start_system_socket

status=0
halley rpc --socket $socket responses.create '{"input":"Hi"}' >/run/answer 2>&1 || status=$?
expect "the exit status for a configuration error" $status 78
expect "what the client is told" "$(cat /run/answer)" '*/etc/halley/config.toml:8:1: *base_url*'
expect "the service" "$(property ActiveState)/$(property SubState)" active/running
await "STATUS says so" has_property StatusText '*/etc/halley/config.toml:8:1: *'
await "the journal says so" has_entry \
  '.PRIORITY == "3" and (.MESSAGE | contains("/etc/halley/config.toml:8:1: "))' \
  MESSAGE_ID=29016149d4414e39803f98f6370e054c
expect "a ping" "$(call daemon.ping)" '{}'
expect "the error's code" "$(printf '%s\n' \
  '{"id":1,"method":"responses.create","params":{"input":"Hi"}}' |
  nc -N -U $socket | jq -r '"\(.error.code) \(.error.data.code)"')" '-32030 config'

sed -i 's/^base_ulr/base_url/; s/^default_model/default_modle/' $config
! systemctl reload halley.service 2>/dev/null || fail "a bad configuration was said to be reloaded"
await "STATUS follows the file" has_property StatusText '*/etc/halley/config.toml:2:1: *'

sed -i 's/^default_modle/default_model/' $config
systemctl reload halley.service
await "STATUS is good" has_property StatusText '* clients, * responses'
expect "the answer after a reload" \
  "$(call responses.create '{"input":"Hi","metadata":{"text":"mended"}}' | text_of)" mended
