#!/bin/bash
# Plugins under both units: programs that people run answer there, with the rights that they need, and
# what they leave behind ends with the daemon.
. "$(dirname "$0")/common.sh"

programs=/usr/lib/halley-tests/programs

plugin() { # NAME COMMAND-WORDS [LINE...]
  local name=$1 command=$2
  shift 2
  printf '%s\n' "[plugins.$name]" "command = [$command]" 'tools = true' 'start = "eager"' "$@"
}
plugins() {
  plugin python "\"$programs/server.py\", \"python\""
  plugin namespace "\"$programs/in-namespace\", \"namespace\""
  if [ -x /usr/bin/node ]; then plugin node "\"$programs/server.js\""; fi
  plugin leaves "\"$programs/leaves\""
}
cat >$programs/leaves <<'END'
#!/bin/sh
setsid sh -c 'trap "" TERM HUP; sleep 4711; :' </dev/null >/dev/null 2>&1 &
exec /usr/lib/halley-tests/programs/server.py leaves
END
chmod 755 $programs/leaves
[ -x /usr/bin/node ] || echo "left out: a server in Node (Debian: nodejs)"
count=$(plugins | grep -c command)

available() { # COMMAND...: each server has told its tool
  "$@" halley rpc tools.list |
    jq -e --argjson count "$count" '[.data[] | select(.state == "available")] | length == $count'
}
pid_of() { # PLUGIN [COMMAND...]
  local name=$1
  shift
  "$@" halley rpc plugins.list | jq -r --arg name "$name" '.data[] | select(.name == $name) | .pid'
}
fact() { jq -r ".$2" "$1/facts-$3"; } # HOME FACT PLUGIN
none_left() { ! pgrep -f 'sleep 4711'; }
# Whatever is not "true" is a reason.
expect_facts() { # HOME PLUGIN FACT...
  local home=$1 name=$2 what
  shift 2
  for what; do expect "$what of $name" "$(fact "$home" "$what" "$name")" true; done
}

start_simulator
write_configuration /etc/halley/config.toml
plugins >>/etc/halley/config.toml
systemctl start halley.socket
await "each server answers under the system unit" available env
home=/var/lib/private/halley/home
for name in python namespace; do
  expect_facts $home $name memory interfaces connects nice affinity ptrace meminfo
done
expect "the mask of file modes" "$(fact $home mask python)" 022
await "what it says is in the journal as its own" has_entry \
  '.HALLEY_PLUGIN == "python" and .MESSAGE == "Plugin python: facts of python"' \
  SYSLOG_IDENTIFIER=halley-plugin-python HALLEY_FOREIGN=1
expect "where it runs" "$(fact $home group python)" halley.service
plugin=$(pid_of python env)
# shellcheck disable=SC2012 # numbers only
expect "descriptors of the plugin" "$(ls "/proc/$plugin/fd" | tr '\n' ' ')" '0 1 2 '
kill -KILL "$(main_pid)"
await "the plugin ends with the daemon" test ! -e "/proc/$plugin"
await "the daemon is up again, with its plugins" available env
expect "processes that are left" "$(pgrep -fxc 'sleep 4711')" 1
systemctl stop halley.socket halley.service
expect "processes after the stop" "$(pgrep -fc 'sleep 4711' || true)" 0
sed -i '/^\[plugins/,$d' /etc/halley/config.toml

# One user's, where each is a service of its own.
config=/home/alice/.config/halley/config.toml
as_alice mkdir -p /home/alice/.config/halley/keys /home/alice/write
write_configuration $config
{
  plugins
  plugin strict "\"$programs/server.py\", \"strict\"" 'sandbox = "strict"' 'network = false' \
    'write = ["/home/alice/write"]' 'memory_max = "300MiB"' \
    'env = { FACTS = "/home/alice/write/facts-strict" }'
  plugin none "\"$programs/server.py\", \"none\"" 'sandbox = "none"'
} >>$config
count=$((count + 2))
chown -R alice: /home/alice/.config
as_alice touch /home/alice/.config/halley/keys/some
user set-environment COMETAPI_KEY=sk-canary-of-the-manager
user daemon-reload
user start halley.socket
await "each server answers under the user unit" available as_alice

home=/home/alice
for name in python namespace none; do
  expect_facts $home $name memory interfaces connects nice affinity ptrace meminfo outside
done
expect_facts $home python shared
expect "the mask of file modes" "$(fact $home mask python)" "$(user show -P UMask halley.socket |
  sed 's/^0//')"
denied='Permission denied'
expect "state in the default sandbox" "$(fact $home state python)" "$denied"
expect "keys in the default sandbox" "$(fact $home keys python)" "$denied"
expect "privileges in the default sandbox" "$(fact $home privileges python)" false
expect_facts $home none state keys privileges
expect "facts of a strict one in the home" "$(ls $home/facts-strict 2>&1)" '*No such file*'
home=/home/alice/write
expect_facts $home strict memory interfaces meminfo
expect "connections of a strict one" "$(fact $home connects strict)" 'Connection refused'
expect "what it writes elsewhere" "$(fact $home outside strict)" '*'
expect "state in the strict sandbox" "$(fact $home state strict)" "$denied"

unit=$(fact $home group strict)
expect "its unit" "$unit" 'halley-plugin-strict@*.service'
expect "its memory" "$(user show -P MemoryMax "$unit")" $((300 << 20))
expect "its own journal" "$(as_alice journalctl --user --no-pager -o cat -u 'halley-plugin-python@*')" \
  '*facts of python*'
await "the tree shows it" eval 'user status | grep halley-plugin-python@'
plugin=$(pid_of python as_alice)
guard=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$plugin/status")
for process in "$plugin" "$guard"; do
  ! grep --text --quiet canary "/proc/$process/environ" || fail "a key is in the environment"
done

units() { user list-units --all --plain --no-legend 'halley-plugin-*' | wc -l; }
has_units() { [ "$(units)" -eq "$1" ]; }
expect "units" "$(units)" "$count"
kill -KILL "$(user show -P MainPID halley.service)"
await "the plugin ends with the daemon" test ! -e "/proc/$plugin"
await "the daemon is up again, with its plugins" available as_alice
await "one unit for each plugin" has_units "$count"
expect "processes that are left" "$(pgrep -fxc 'sleep 4711')" 1
user stop halley.socket halley.service
await "no unit is left" has_units 0
await "no process is left" none_left

# Many of them at once.
write_configuration $config
count=20
for number in $(seq $count); do
  plugin "many$number" "\"$programs/server.py\", \"many$number\"" >>$config
done
user start halley.socket
await "twenty servers answer" available as_alice
expect "units" "$(units)" $count
user restart halley.service
await "twenty servers answer after a restart" available as_alice
expect "units after a restart" "$(units)" $count
user stop halley.socket halley.service
await "no unit is left" has_units 0
