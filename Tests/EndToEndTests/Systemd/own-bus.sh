#!/bin/bash
# A session with a bus to itself, as some remote desktops have, on which there is no service manager:
# plugins are the daemon's children there, and the configuration says what they do without.
. "$(dirname "$0")/common.sh"

home=/home/alice
config=$home/.config/halley/config.toml
server=/usr/lib/halley-tests/programs/server.py

entries() { journalctl --no-pager --all --output=json "$@"; }

start_simulator
as_alice mkdir -p $home/.config/halley
write_configuration $config
printf '%s\n' '[plugins.python]' "command = [\"$server\", \"python\"]" 'tools = true' \
  'start = "eager"' 'network = false' >>$config
chown -R alice: $home/.config
as_alice dbus-daemon --session --fork --address=unix:path=$home/bus
user set-environment DBUS_SESSION_BUS_ADDRESS=unix:path=$home/bus
user daemon-reload
user start halley.socket
answers() { as_alice halley rpc tools.list | jq -e '.data[0].state == "available"'; }
await "the server answers" answers
await "it is told what it does without" has_entry \
  '.MESSAGE | test("runs without network, which only")' "_UID=$(id -u alice)"
plugin=$(as_alice halley rpc plugins.list | jq -r '.data[0].pid')
expect "where it runs" "$(cat "/proc/$plugin/cgroup")" '*/halley.service'
expect "units" "$(user list-units --all --plain --no-legend 'halley-plugin-*' | wc -l)" 0
kill -KILL "$(user show -P MainPID halley.service)"
await "the plugin ends with the daemon" test ! -e "/proc/$plugin"
