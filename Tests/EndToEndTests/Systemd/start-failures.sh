#!/bin/bash
# What is wrong when the user's service starts is told to whoever asks: it runs, is not restarted, and
# the command says what to do.
. "$(dirname "$0")/common.sh"

home=/home/alice
state=$home/.local/state/halley
config=$home/.config/halley/config.toml

start_simulator
as_alice mkdir -p $home/.config/halley $home/.local/state
write_configuration $config
chown -R alice: $home/.config
user daemon-reload
user start halley.socket

expect_told() { # WHAT STATUS PATTERN
  local status=0
  user stop halley.service
  as_alice timeout 20 halley hi </dev/null >/run/answer 2>&1 || status=$?
  expect "the status with $1" "$status" "$2"
  expect "what is said of $1" "$(cat /run/answer)" "$3"
  expect "a ping with $1" "$(as_alice halley rpc daemon.ping)" '{}'
  expect "the service with $1" \
    "$(user show --property NRestarts,ActiveState --value halley.service | tr '\n' ' ')" '0 active '
  await "the journal tells of $1" has_entry true "_UID=$(id -u alice)" PRIORITY=3
  journalctl --quiet --rotate --vacuum-time=1s >/dev/null 2>&1
}
# Without a restart: a disk is tried again after a second.
expect_mended() {
  await "the service is mended" as_alice halley rpc responses.create '{"input":"Hi"}'
}
entries() { journalctl --no-pager --all --output=json "$@"; }

chmod 0 $config
expect_told "a configuration that can't be read" 78 "*$config: *permission denied*"
chmod 0644 $config
user reload halley.service
expect_mended

chown root: $state
expect_told "a state of another user" 1 "*$state belongs to uid 0*give it to the daemon's user*"
chown alice: $state
expect_mended

chmod 0755 $state
expect_told "a state that others may read" 1 "*chmod 700 $state*"
chmod 0700 $state
expect_mended

mount -t tmpfs -o size=16k,mode=0700,uid="$(id -u alice)" tmpfs $state
expect_told "a full disk" 1 '*make room on the disk*'
umount --lazy $state
expect_mended

mount --bind $state $state
mount -o remount,bind,ro $state
expect_told "a state that is read-only" 1 "*Read-only file system*ReadWritePaths=$state*"
umount --lazy $state
expect_mended

user stop halley.service
as_alice halleyd --state $state --socket $home/other/halley.sock 2>/run/other &
await "another daemon has the state" grep -q $home/other $state/halley.lock
other=$(sed 's/^process \([0-9]*\) .*/\1/' $state/halley.lock)
expect_told "a state in use" 1 "*in use by process $other of a container *, which serves \
$home/other/halley.sock*stop the other daemon*"
kill "$other"
expect_mended

# What is damaged is set aside, and a link or another directory is followed.
user stop halley.service
echo "no database" >$state/halley.db
expect_mended
ls $state/halley.db.damaged-* >/dev/null || fail "the damaged database is gone"
user stop halley.service
mv $state $home/elsewhere
ln -s $home/elsewhere $state
expect_mended
[ -f $home/elsewhere/halley.db ] || fail "there is no database behind the link"
user stop halley.service
install -d -o alice /srv/alice
user set-environment XDG_STATE_HOME=/srv/alice
expect_mended
[ -f /srv/alice/halley/halley.db ] || fail "there is no database in XDG_STATE_HOME"
expect "restarts" "$(user show --property NRestarts --value halley.service)" 0

# A state that the sandbox of the system's unit does not let it write to.
mkdir -p /etc/systemd/system/halley.service.d
printf '%s\n' '[Service]' ExecStart= 'ExecStart=/usr/bin/halleyd --state /srv/halley' \
  >/etc/systemd/system/halley.service.d/state.conf
write_configuration /etc/halley/config.toml
start_system_socket
status=0
call responses.create '{"input":"Hi"}' >/dev/null 2>/run/answer || status=$?
expect "the system service" "$status $(property NRestarts) $(cat /run/answer)" \
  '1 0 *Read-only file system*ReadWritePaths=/srv/halley*'

# What is no socket of the daemon's would be passed by each start again.
mkdir -p /etc/systemd/user/halley.socket.d
printf '[Socket]\nFileDescriptorName=other\n' >/etc/systemd/user/halley.socket.d/name.conf
user stop halley.socket halley.service
user daemon-reload
user start halley.socket
status=0
as_alice timeout 20 halley hi </dev/null >/run/answer 2>&1 || status=$?
# What it gets to see depends on when systemd closes the socket.
expect "the status with a socket of another name" "$status" '@(69|75)'
await "the service is given up" user is-failed halley.service
await "its socket too" user is-failed halley.socket
expect "the end of the service" "$(user show -P ExecMainStatus halley.service)" 78
journalctl --no-pager -o cat "_UID=$(id -u alice)" >/run/journal
expect "what the journal says" "$(cat /run/journal)" \
  '*FileDescriptorName= of the passed sockets is "other", none is "halley"*'
