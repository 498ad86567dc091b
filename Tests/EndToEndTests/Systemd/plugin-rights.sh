#!/bin/bash
# Whose programs are run as plugins, what drop-ins change, and that a user who may have no namespaces
# has plugins all the same.
. "$(dirname "$0")/common.sh"

programs=/usr/lib/halley-tests/programs
config=/home/alice/.config/halley/config.toml
start_simulator
as_alice mkdir -p "$(dirname $config)/keys" /home/alice/write
as_alice touch "$(dirname $config)/keys/some"
write_configuration $config
chown -R alice: /home/alice/.config

plugin() { # NAME PROGRAM [LINE...]
  local name=$1 program=$2
  shift 2
  printf '%s\n' "[plugins.$name]" "command = [\"$program\", \"$name\"]" 'tools = true' \
    'start = "eager"' "$@"
}
listed() { # NAME KEY COMMAND...
  local name=$1 key=$2
  shift 2
  "$@" halley rpc plugins.list | jq -r --arg name "$name" --arg key "$key" \
    '.data[] | select(.name == $name) | .[$key]'
}
is() { # NAME KEY GLOB COMMAND...
  # shellcheck disable=SC2053 # the right side is a pattern
  [[ $(listed "$1" "$2" "${@:4}") == $3 ]]
}
fact() { jq -r ".$2" "$1/facts-$3"; } # HOME FACT PLUGIN

# Programs of root are run, of a third user not; and where the umask is 002, those of a directory that
# the user's own group may write, as long as that is nobody else's.
printf '%s\n' 'u carol 3003' | systemd-sysusers -
install -d /srv/carol
install -d --owner=alice --group=alice --mode=775 /home/alice/bin
install --mode=775 --owner=carol $programs/server.py /srv/carol
install --mode=775 --owner=alice --group=alice $programs/server.py /home/alice/bin
{
  plugin root $programs/server.py
  plugin carols /srv/carol/server.py
  plugin own /home/alice/bin/server.py
} >>$config
user daemon-reload
user start halley.socket
await "a program of root's runs" is root state running as_alice
await "her own runs, below what her group may write" is own state running as_alice
await "a third user's does not" is carols state failed as_alice
expect "what is said of it" "$(listed carols last_error as_alice)" \
  "*/srv/carol/server.py belongs to user $(id -u carol), *: sudo chown $(id -u alice) /srv/carol/server.py"
await "the journal says it" journal_holds ": sudo chown $(id -u alice) /srv/carol/server.py"
printf '%s\n' 'm carol alice' | systemd-sysusers -
user reload halley.service
user restart halley.service
await "her group has another member" is own last_error \
  '*/home/alice/bin may be written by others (mode 775): chmod g-w /home/alice/bin' as_alice
user stop halley.socket halley.service

# Drop-ins of one plugin, as halleyd(8) shows them.
sed -i '/^\[plugins/,$d' $config
plugin git $programs/server.py 'sandbox = "default"' >>$config
drop_in='/home/alice/.config/systemd/user/halley-plugin-git@.service.d'
as_alice mkdir -p $drop_in
printf '%s\n' '[Service]' 'InaccessiblePaths=' 'TasksMax=77' >$drop_in/own.conf
as_alice mkdir -p /home/alice/.config/systemd/user/halley.service.d
printf '%s\n' '[Service]' 'Environment=XDG_STATE_HOME=/home/alice/elsewhere' \
  >/home/alice/.config/systemd/user/halley.service.d/state.conf
user daemon-reload
user start halley.socket
await "the plugin runs" is git state running as_alice
unit=$(fact /home/alice group git)
expect "the tasks of $unit" "$(user show -P TasksMax "$unit")" 77
expect "the keys, relaxed" "$(fact /home/alice keys git)" true
as_alice halley rpc responses.create '{"input":"Hi"}' >/dev/null
expect "the state, elsewhere" "$(stat -c %U /home/alice/elsewhere/halley/halley.db)" alice
user stop halley.socket halley.service

# No namespaces for users: the plugin runs, with what can be had, and the journal says what can't.
rm -r $drop_in
plugin strict $programs/server.py 'sandbox = "strict"' 'network = false' \
  'memory_max = "300MiB"' >>$config
mkdir -p /etc/systemd/system/user@.service.d
printf '%s\n' '[Service]' 'RestrictNamespaces=~user' >/etc/systemd/system/user@.service.d/no.conf
systemctl daemon-reload
systemctl restart "user@$(id -u alice).service"
user start halley.socket
await "the plugin runs" is git state running as_alice
await "the strict one too" is strict state running as_alice
expect "the keys, without a namespace" "$(fact /home/alice keys git)" true
expect "connections without a network" "$(fact /home/alice connects strict)" 'Address family*'
await "the journal says it" journal_holds \
  "Plugin git runs without what keeps it from the daemon's state and keys: users may have no"
user stop halley.socket halley.service

# The system's service, tightened, with another home, places to write and a proxy.
write_configuration /etc/halley/config.toml
plugin git $programs/server.py 'memory_max = "300MiB"' >>/etc/halley/config.toml
mkdir -p /etc/systemd/system/halley.service.d
printf '%s\n' '[Service]' 'RestrictNamespaces=yes' 'ProcSubset=pid' 'ProtectKernelTunables=yes' \
  'ProtectKernelLogs=yes' 'SystemCallFilter=' 'SystemCallFilter=@system-service' \
  'SystemCallFilter=~@privileged @resources' \
  >/etc/systemd/system/halley.service.d/tighten.conf
printf '%s\n' '[Service]' 'StateDirectory=halley halley-home' \
  'Environment=HOME=/var/lib/halley-home' >/etc/systemd/system/halley.service.d/home.conf
groupadd projects
install -d --group=projects --mode=2770 /srv/projects
printf '%s\n' '[Service]' 'ReadWritePaths=/srv/projects' 'SupplementaryGroups=projects' \
  >/etc/systemd/system/halley.service.d/write.conf
printf '%s\n' '[Service]' 'LoadCredential=proxy' >/etc/systemd/system/halley.service.d/proxy.conf
install -d --mode=700 /etc/credstore
(umask 077 && echo user:word >/etc/credstore/proxy)
echo 'env = { OUTSIDE = "/srv/projects/new" }' >>/etc/halley/config.toml
printf '%s\n' '[upstreams.far]' 'base_url = "https://far.example/v1"' 'models = ["far"]' \
  'api_key = { none = true }' 'max_retries = 0' \
  'proxy = "http://127.0.0.1:3128"' 'proxy_auth = { credential = "proxy" }' >>/etc/halley/config.toml
systemd-run --quiet --unit=proxy --property=StandardOutput=file:/run/proxy.out nc -l 127.0.0.1 3128
systemctl daemon-reload
systemctl start halley.socket
await "the plugin runs" is git state running env
expect "what it writes elsewhere" "$(fact /var/lib/halley-home outside git)" true
halley rpc responses.create '{"model":"far","input":"Hi"}' >/dev/null 2>&1 &
await "the proxy is told who asks" \
  grep --quiet "Proxy-Authorization: Basic $(printf user:word | base64)" /run/proxy.out
expect "the affinity, tightened" "$(fact /var/lib/halley-home affinity git)" 'Operation not permitted'
exposure=$(systemd-analyze security --no-pager halley.service |
  sed -n 's/.*Overall exposure level for halley.service: \([0-9.]*\).*/\1/p')
awk -v exposure="$exposure" 'BEGIN { exit !(exposure <= 1.8) }' || fail "exposure is $exposure"
await "what a child can't be kept from is said" has_entry \
  '.MESSAGE | contains("Plugin git runs without memory_max, which only")'
