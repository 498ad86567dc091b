#!/bin/bash
# A daemon that hangs is killed and started again.
. "$(dirname "$0")/common.sh"

mkdir -p /etc/systemd/system/halley.service.d
printf '[Service]\nWatchdogSec=3s\n' >/etc/systemd/system/halley.service.d/watchdog.conf
start_system_socket
call daemon.ping >/dev/null
pid=$(main_pid)

ping=$(property WatchdogTimestampMonotonic)
later_ping() { [ "$(property WatchdogTimestampMonotonic)" -gt "$ping" ]; }
await "an idle daemon pings" later_ping
expect "the process that pings" "$(main_pid)" "$pid"

kill -STOP "$pid"
await "the watchdog has bitten" has_property NRestarts 1
await "the service runs again" has_property ActiveState active
[ "$(main_pid)" != "$pid" ] || fail "the process is the hanging one"
expect "the answer afterwards" "$(call daemon.ping)" '{}'
journalctl --sync
journalctl --no-pager --unit=halley.service | grep -i watchdog >/dev/null ||
  fail "the journal does not say that it was the watchdog"
