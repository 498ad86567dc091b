#!/bin/sh
# halley-ask.sh [-m MODEL] [-C CONVERSATION] [WORDS...] - asks halleyd with nothing but nc or socat,
# and jq: an example of the protocol, see halley-protocol(7).
#
# One line goes out, lines come in: notifications with the events of the answer, then the result or
# an error. The deltas of text are printed as they come. What is piped in stands before the words.
#
# Exit status: 0 the answer is whole, 1 the model or the API failed, 3 the answer is incomplete,
# 64 wrong arguments, 69 no daemon, 75 try again, 77 the key was refused, 78 configuration,
# 127 a tool is missing.
set -u

die() { # STATUS MESSAGE...
  status=$1
  shift
  printf 'halley-ask: %s\n' "$@" >&2
  exit "$status"
}

usage='usage: halley-ask.sh [-m MODEL] [-C CONVERSATION] [WORDS...]'
model='' conversation=''
while getopts m:C: option; do
  case $option in
    m) model=$OPTARG ;;
    C) conversation=$OPTARG ;;
    *) die 64 "$usage" ;;
  esac
done
shift $((OPTIND - 1))

command -v jq >/dev/null || die 127 'jq is not installed'
command -v socat >/dev/null || command -v nc >/dev/null ||
  die 127 'neither socat nor nc is installed'

# The daemon's socket is where every client looks for it.
find_socket() {
  if [ -n "${HALLEY_SOCKET:-}" ]; then
    echo "$HALLEY_SOCKET"
    return
  fi
  for path in "${XDG_RUNTIME_DIR:-/run/user/$(id -u)}" "/run/user/$(id -u)" /run; do
    [ ! -S "$path/halley/halley.sock" ] || break
  done
  echo "$path/halley/halley.sock"
}
socket=$(find_socket)

# Both end when the daemon closes, which it does when all that was asked is answered; that this side
# has no more to say is no reason to leave.
talk() {
  if command -v socat >/dev/null; then
    socat -t86400 - "UNIX-CONNECT:$socket" 2>/dev/null
  else
    nc -N -U "$socket" 2>/dev/null
  fi
}

text=$*
if [ -p /dev/stdin ] || [ -f /dev/stdin ]; then
  piped=$(cat)
  text=$piped${piped:+${text:+

}}$text
fi
[ -n "$text" ] || die 64 'there is nothing to ask' "$usage"

printf '%s' "$text" |
  jq -Rsc --arg model "$model" --arg conversation "$conversation" '{
    jsonrpc: "2.0", id: 1, method: "responses.create",
    params: ({input: ., stream: true}
      + if $model == "" then {} else {model: $model} end
      + if $conversation == "" then {} else {conversation: $conversation} end)}' |
  talk |
  jq --unbuffered -njr --arg socket "$socket" '
    def stop($status): "halley-ask: \(.)\n" | halt_error($status);
    def status: .data.http_status as $http | {
      config: 78, invalid_params: 64, overloaded: 75, busy: 75, upstream_unreachable: 75,
      upstream_timeout: 75, upstream_truncated: 75, upstream_circuit_open: 75,
      upstream_http: (if $http == 401 or $http == 403 then 77
        elif $http == 429 or $http == 503 then 75 else 1 end)
    }[.data.code // ""] // 1;

    ((try input catch ("no daemon answers at \($socket)"
          + "\n  start it with: systemctl --user start halley.socket" | stop(69))), inputs
    | if .error then .error | status as $status | .message | stop($status)
      elif .result then .result
        | if .status == "completed" then "\n", halt
          elif .status == "failed" then "\n", ("the model failed: \(.error.message)" | stop(1))
          else "\n", ("the answer is not whole: \(.incomplete_details.reason // .status)"
            | stop(3)) end
      else .params.event | select(.type == "response.output_text.delta").delta end),
    "\n", ("the connection to halleyd was lost" | stop(75))'
