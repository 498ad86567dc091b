# shellcheck shell=bash
# common.sh - what the scripts beside it share. They run as root inside a box that
# contrib/systemd-box.sh has booted: everything here is thrown away afterwards.
set -euo pipefail

socket=/run/halley/halley.sock
base_url=http://127.0.0.1:8080/v1
# shellcheck disable=SC2034 # for the scripts beside this one
key=sk-canary-of-the-credential-7f3a
# shellcheck disable=SC2034
response_ended=a053a212479a44058ebe9cb69c229cbb

fail() {
  trap - ERR
  echo "FAILED: $*" >&2
  # Once: a subshell's failure is its caller's too.
  if [ "$BASH_SUBSHELL" -eq 0 ]; then
    systemctl status --no-pager --full --lines=0 halley.socket halley.service >&2 || true
    journalctl --no-pager --lines=30 --output=short-precise >&2 || true
  fi
  exit 1
}
trap 'fail "line $LINENO of ${BASH_SOURCE[0]##*/}: $BASH_COMMAND"' ERR
set -E

# Waits until a command succeeds: as long as a loaded machine may take, never for a fixed time.
await() { # WHAT COMMAND...
  local what=$1 tries=0
  shift
  until "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 400 ] || fail "waited in vain until $what"
    sleep 0.05
  done
}

expect() { # WHAT ACTUAL EXPECTED-GLOB
  # shellcheck disable=SC2053 # the right side is a pattern
  [[ $2 == $3 ]] || fail "$1: expected $3, found $2"
}

property() { systemctl show --property "$1" --value "${2:-halley.service}"; }
main_pid() { property MainPID; }
has_property() { # PROPERTY GLOB [UNIT]
  # shellcheck disable=SC2053 # the right side is a pattern
  [[ $(property "$1" "${3:-halley.service}") == $2 ]]
}

# An upstream on the box's own loopback. It logs nowhere, so that what is found in the journal
# was written by the daemon.
simulate() { # OPTION...
  systemd-run --quiet --unit=simulator --description=simulator \
    --property=StandardOutput=file:/run/simulator.out --property=StandardError=null \
    /usr/bin/halley-simulator --listen 127.0.0.1:8080 --quiet "$@"
  await "the simulator listens" grep -q base_url /run/simulator.out
}

write_configuration() { # FILE
  mkdir -p "$(dirname "$1")"
  printf '%s\n' 'default_upstream = "cometapi"' 'default_model = "gpt-5.4"' '' \
    '[cache]' 'enabled = false' '' \
    '[upstreams.cometapi]' "base_url = \"$base_url\"" >"$1"
}

start_simulator() { simulate --words 8; }
start_simulator_with_key() { simulate --key "$key"; }

start_system_socket() {
  systemd-sysusers
  systemctl daemon-reload
  systemctl start halley.socket
}

# As the user alice, whose service this is then.
as_alice() {
  setpriv --reuid=alice --regid="$(id -g alice)" --init-groups --reset-env -- \
    env PATH=/usr/bin:/bin XDG_RUNTIME_DIR="/run/user/$(id -u alice)" "$@"
}
user() { as_alice systemctl --user "$@"; }

call() { halley rpc --socket "$socket" "$@"; } # METHOD [PARAMS]

# The answer's text, out of the result that is the last line.
text_of() { tail -n 1 | jq -r '[.. | objects | select(.type == "output_text") | .text] | join("")'; }

# Entries of the daemon as JSON lines.
entries() { journalctl --no-pager --all --output=json --unit=halley.service "$@"; }
has_entry() { # JQ-CONDITION [JOURNALCTL-ARGUMENT...]
  local condition=$1
  shift
  entries "$@" | jq -e -s "any(.[]; $condition)"
}

# Searches all of the journal, for every unit and every field, long ones in full. A grep that is quiet
# leaves early, and what writes to it fails then.
journal_holds() { # TEXT
  journalctl --sync
  journalctl --no-pager --all --output=export | grep --text --fixed-strings -- "$1" >/dev/null
}
