#!/bin/bash
# The user service of alice: socket, paths below her home, one answer by the command line.
. "$(dirname "$0")/common.sh"

uid=$(id -u alice)

# As systemd.exec(5) wants it for the system's own credentials: no user may look inside.
mkdir -p /etc/credstore
chmod 0700 /etc/credstore
# No namespace for users, and files that their group may write, as some distributions have it.
mkdir -p /etc/systemd/system/user@.service.d
printf '%s\n' '[Service]' RestrictNamespaces=yes UMask=0002 \
  >/etc/systemd/system/user@.service.d/strict.conf
systemctl daemon-reload
systemctl restart "user@$uid.service"
! as_alice systemd-run --user --quiet --wait unshare --user true 2>/dev/null ||
  fail "users may have namespaces here"
umask 0002

start_simulator_with_key
as_alice mkdir -p /home/alice/.config/halley/keys
write_configuration /home/alice/.config/halley/config.toml
(umask 077 && echo "$key" >/home/alice/.config/halley/keys/cometapi)
chown -R alice: /home/alice/.config
user daemon-reload
user start halley.socket
expect "the service before the first client" "$(user is-active halley.service || true)" inactive
expect "owner and mode of the socket" \
  "$(stat -c %U:%a "/run/user/$uid/halley/halley.sock")" alice:600
expect "owner and mode of its directory" "$(stat -c %U:%a "/run/user/$uid/halley")" alice:700

request='{"input":"Hi","metadata":{"text":"Good evening, Alice."}}'
answer=$(as_alice halley rpc responses.create "$request" | text_of)
expect "the answer to a call" "$answer" "Good evening, Alice."
answer=$(as_alice halley "say something" </dev/null)
[ -n "$answer" ] || fail "the command line printed nothing"
expect "the service" "$(user is-active halley.service)" active
[ -f /home/alice/.local/state/halley/halley.db ] || fail "no database below ~/.local/state/halley"
expect "modes of state" "$(stat -c %U:%a /home/alice/.local/state/halley \
  /home/alice/.local/state/halley/halley.db | tr '\n' ' ')" 'alice:700 alice:600 '

# Nothing that users may be refused: with a namespace of its own the service would not start where
# they may have none, and every other user's file would seem to be nobody's.
pid=$(user show --property MainPID --value halley.service)
for kind in user mnt; do
  [ "$(readlink "/proc/$pid/ns/$kind")" = "$(readlink /proc/1/ns/$kind)" ] ||
    fail "the service has a $kind namespace of its own"
done
expect "NoNewPrivs" "$(sed -n 's/^NoNewPrivs:[[:space:]]*//p' "/proc/$pid/status")" 1
expect "restarts" "$(user show --property NRestarts --value halley.service)" 0

# She reads her own entries, with her own uid in them.
own_entries() {
  as_alice journalctl --user --no-pager --all -o json --unit=halley.service \
    MESSAGE_ID=$response_ended
}
has_both() { [ "$(own_entries | wc -l)" -eq 2 ]; }
await "her entries are there" has_both
expect "HALLEY_CLIENT_UID" "$(own_entries | jq -r .HALLEY_CLIENT_UID | sort -u)" "$uid"
! journal_holds "$key" || fail "the key is in the journal"

# Reload and stop work there as well.
user reload halley.service
reloaded() {
  as_alice journalctl --user --quiet --no-pager -o json MESSAGE_ID=d15ec7b6bd0342b2bdce9904c55c751c |
    grep --fixed-strings /home/alice/.config/halley/config.toml
}
await "the reload is in her journal" reloaded
user stop halley.service
expect "the result" "$(user show --property Result --value halley.service)" success
expect "the answer after a stop" "$(as_alice halley rpc daemon.ping)" '{}'
