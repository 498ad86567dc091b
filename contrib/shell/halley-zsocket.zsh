#!/usr/bin/env zsh
# halley-zsocket.zsh WORDS... - asks halleyd from zsh alone: an example of the protocol, see
# halley-protocol(7). Source it for the function halley-zsocket.
#
# zsh has no JSON, and this needs little of it: to write a string, to find one in a line, and to
# read it. A quote inside a string is escaped, so that "delta" can only be the member's name.
#
# Exit status: 0 the answer is whole, 1 it failed, 3 it is incomplete, 64 nothing to ask,
# 69 no daemon, 75 the connection was lost, 130 Ctrl-C.

halley-zsocket() {
  emulate -L zsh
  setopt extended_glob
  zmodload zsh/net/socket || return 1
  local text="$*" line socket REPLY
  integer fd outcome=75
  if [[ -z $text ]]; then
    print -u2 'halley-zsocket: there is nothing to ask'
    return 64
  fi
  for socket in ${HALLEY_SOCKET:-{${XDG_RUNTIME_DIR:-/run/user/$UID},/run/user/$UID,/run}/halley/halley.sock}; do
    zsocket $socket 2>/dev/null && break
  done
  if [[ -z $REPLY ]]; then
    print -u2 "halley-zsocket: no daemon answers at $socket"
    print -u2 '  start it with: systemctl --user start halley.socket'
    return 69
  fi
  fd=$REPLY
  {
    _halley_json_string $text
    print -r -u $fd '{"id":1,"method":"responses.create","params":{"stream":true,"input":'$REPLY'}}'
    while IFS= read -r -u $fd line; do
      case $line in
        ('{"jsonrpc":"2.0","id":1,'*) break ;;
        (*'"response.output_text.delta"'*)
          _halley_json_member delta $line && print -rn -- "$REPLY" ;;
        (*'"type":'[[:space:]]#'"response.completed"'*) outcome=0 ;;
        (*'"type":'[[:space:]]#'"response.incomplete"'*) outcome=3 ;;
        (*'"type":'[[:space:]]#'"response.failed"'*) outcome=1 ;;
      esac
    done
    print
    if [[ $line == '{"jsonrpc":"2.0","id":1,"error":'* ]] || (( outcome == 1 )); then
      outcome=1
      _halley_json_member message $line && print -u2 -r "halley-zsocket: $REPLY"
    elif (( outcome == 75 )); then
      print -u2 'halley-zsocket: the connection to halleyd was lost'
    fi
  } always {
    exec {fd}>&-
  }
  return outcome
}

# Puts a text into REPLY as a JSON string.
_halley_json_string() { # TEXT
  local text=$1 character
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  REPLY=
  for character in ${(s::)text}; do
    [[ $character != [[:cntrl:]] ]] || printf -v character '\\u%04x' "'$character"
    REPLY+=$character
  done
  REPLY="\"$REPLY\""
}

# Puts into REPLY what the first member of a name is, where that is a string.
_halley_json_member() { # NAME LINE
  local match mbegin mend code rest text=
  [[ $2 =~ "\"$1\"[[:space:]]*:[[:space:]]*\"(([^\"\\\\]|\\\\.)*)\"" ]] || return
  rest=$match[1]
  while [[ $rest == *\\* ]]; do
    text+=${rest%%\\*}
    rest=${rest#*\\}
    case $rest[1] in
      (n) text+=$'\n' ;;
      (t) text+=$'\t' ;;
      (r) text+=$'\r' ;;
      (b) text+=$'\b' ;;
      (f) text+=$'\f' ;;
      (u)
        integer code=16#$rest[2,5]
        rest=$rest[5,-1]
        # A character beyond the first 65536 is a pair of surrogates.
        if (( code >= 16#D800 && code < 16#DC00 )) && [[ $rest == ?\\u* ]]; then
          (( code = 16#10000 + (code - 16#D800) * 16#400 + 16#$rest[4,7] - 16#DC00 ))
          rest=$rest[7,-1]
        fi
        text+=${(#)code} ;;
      (*) text+=$rest[1] ;;
    esac
    rest=$rest[2,-1]
  done
  REPLY=$text$rest
}

[[ $ZSH_EVAL_CONTEXT != toplevel ]] || halley-zsocket "$@"
