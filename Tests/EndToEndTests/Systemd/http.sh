#!/bin/bash
# Sockets for HTTP that systemd passes: the first client starts the service, and needs no [http].
. "$(dirname "$0")/common.sh"

port=4141
ask() { # CURL-ARGUMENT...
  curl --silent --show-error --max-time 20 --header 'Content-Type: application/json' "$@"
}

start_simulator
write_configuration /etc/halley/config.toml
systemd-sysusers
systemctl daemon-reload
systemctl start halley.socket halley-http.socket
expect "owner and mode of the socket" "$(stat -c %U:%G:%a /run/halley/http.sock)" root:halley:660
expect "the service before the first client" "$(property ActiveState)" inactive

answer=$(ask --unix-socket /run/halley/http.sock --data '{"model":"gpt-5.4","input":"Hi"}' \
  http://localhost/v1/responses)
expect "the status of an answer" "$(jq -r .status <<<"$answer")" completed
expect "the service after the first client" "$(property ActiveState)" active
expect "where it is served" "$(call daemon.status | jq -r ".http.listening[]")" "127.0.0.1:$port"

# Over TCP the kernel does not say who asks, and the system's service makes no token by itself.
expect "without a token" "$(ask --output /dev/null --write-out '%{http_code}' \
  http://127.0.0.1:$port/v1/models)" 401
[ ! -e /run/halley/http-token ] || fail "the system's service made a token"
token=$(halley token new box --socket $socket 2>/dev/null)
expect "with a token" "$(ask --output /dev/null --write-out '%{http_code}' \
  --header "Authorization: Bearer $token" http://127.0.0.1:$port/v1/models)" 200

# A user's own service makes the first token, where the user's programs find it.
systemctl stop halley-http.socket halley.socket halley.service
as_alice mkdir -p /home/alice/.config/halley
write_configuration /home/alice/.config/halley/config.toml
chown -R alice: /home/alice/.config
user daemon-reload
user start halley.socket halley-http.socket
environment=$(as_alice halley env)
# shellcheck disable=SC2016 # alice's shell expands it
answer=$(as_alice bash -c 'eval "$1"; curl --silent --max-time 20 \
  --header "Authorization: Bearer $OPENAI_API_KEY" --header "Content-Type: application/json" \
  --data "{\"model\":\"gpt-5.4\",\"input\":\"Hi\"}" "$OPENAI_BASE_URL/responses"' bash "$environment")
expect "the status of her answer" "$(jq -r .status <<<"$answer")" completed
expect "her token's file" "$(stat -c %U:%a "/run/user/$(id -u alice)/halley/http-token")" alice:600
