#!/bin/bash
# /etc/halley is the system daemon's and its group's. A user's own service starts without what it may
# not read or what has a mistake, and says so.
. "$(dirname "$0")/common.sh"

start_simulator
start_system_socket
write_configuration /etc/halley/config.toml
sed -i 's/gpt-5.4/gpt-5.4-nano/' /etc/halley/config.toml
chown -R root:halley /etc/halley
chmod 0750 /etc/halley
chmod 0640 /etc/halley/config.toml
model() { # COMMAND...: the model that is asked where none is named
  "$@" responses.create '{"input":"Hi"}' | tail -n 1 | jq -r .model
}
expect "the model of the system's service" "$(model call)" gpt-5.4-nano
sed -i 's/gpt-5.4-nano/gpt-5.4-mini/' /etc/halley/config.toml
systemctl reload halley.service
expect "its model after a reload" "$(model call)" gpt-5.4-mini

as_alice mkdir -p /home/alice/.config/halley
write_configuration /home/alice/.config/halley/config.toml
user daemon-reload
user start halley.socket
own() { as_alice halley rpc "$@"; }
expect_left_out() { # PATTERN
  expect "the model of alice" "$(model own)" gpt-5.4
  expect "her daemon.status" "$(own daemon.status | jq -r '.configuration.warnings[]')" "$1"
  expect "her check" "$(as_alice halley config check 2>&1)" "halleyd: $1
ok: /home/alice/.config/halley/config.toml"
  warned() { as_alice journalctl --user --no-pager --priority=4 --unit=halley.service | grep -F "${1##*\*}"; }
  await "it is in her journal" warned "$1"
}
expect_left_out '/etc/halley/config.toml was left out: permission denied'
chmod 0755 /etc/halley
chmod 0644 /etc/halley/config.toml
echo 'defualt_model = "x"' >/etc/halley/config.toml
user reload halley.service
expect_left_out '/etc/halley/config.toml:1:1: *; the file was left out'
