#!/bin/bash
# Plugins under both units: they run, with executable memory of their own, and what they leave behind
# ends with the daemon.
. "$(dirname "$0")/common.sh"

plugins=/usr/lib/halley/plugins

mkdir -p $plugins
cat >$plugins/leaves <<'END'
#!/bin/sh
# As programs do that compile at run time.
/usr/bin/python3 -c 'import mmap; mmap.mmap(-1, 4096, prot=7)' || exit 1
setsid sleep 4711 </dev/null >/dev/null 2>&1 &
echo 'words of a plugin' >&2
exec cat >/dev/null
END
chmod 755 $plugins/leaves
table='[plugins.leaves]
command = ["/usr/lib/halley/plugins/leaves"]
hooks = ["usage"]
start = "eager"'

runs() { # COMMAND...: the plugin is listed as running
  "$@" halley rpc plugins.list | jq -e '.data[0].state == "running"'
}

start_simulator_with_key
write_configuration /etc/halley/config.toml
echo "$table" >>/etc/halley/config.toml
systemctl start halley.socket
await "the plugin runs under the system unit" runs env
plugin=$(halley rpc plugins.list | jq '.data[0].pid')
await "what it says is in the journal as its own" has_entry \
  '.HALLEY_PLUGIN == "leaves" and .MESSAGE == "Plugin leaves: words of a plugin"' \
  SYSLOG_IDENTIFIER=halley-plugin-leaves HALLEY_FOREIGN=1
! has_entry '.MESSAGE | contains("words of")' SYSLOG_IDENTIFIER=halleyd >/dev/null ||
  fail "the words of a plugin are an entry of the daemon"
expect "Seccomp of the plugin (2: filtered)" \
  "$(sed -n 's/^Seccomp:[[:space:]]*//p' "/proc/$plugin/status")" 2
# shellcheck disable=SC2012 # numbers only
expect "descriptors of the plugin" "$(ls "/proc/$plugin/fd" | tr '\n' ' ')" '0 1 2 '
await "it leaves a process behind" pgrep -f 'sleep 4711'
kill -KILL "$(main_pid)"
await "the plugin ends with the daemon" test ! -e "/proc/$plugin"
await "the daemon is up again, with its plugin" runs env
expect "processes that are left" "$(pgrep -fc 'sleep 4711')" 1
systemctl stop halley.socket halley.service
expect "processes after the stop" "$(pgrep -fc 'sleep 4711' || true)" 0

as_alice mkdir -p /home/alice/.config/halley/keys
write_configuration /home/alice/.config/halley/config.toml
echo "$table" >>/home/alice/.config/halley/config.toml
chown -R alice: /home/alice/.config
user daemon-reload
user start halley.socket
await "the plugin runs under the user unit" runs as_alice
user stop halley.socket halley.service
expect "processes after the stop" "$(pgrep -fc 'sleep 4711' || true)" 0
