# shellcheck shell=bash
# The keys of the integration, as a user presses them, in one shell.

set -u
here=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=tap.sh
. "$here/tap.sh"
# shellcheck source=terminal.sh
. "$here/terminal.sh"

shell=$1
needs "$shell" tmux
touch "$HOME/.hushlogin"

running() { "$HALLEY" rpc daemon.status; }
nothing_runs() { running | grep -q '"responses":\[\]'; }

slow='{"text":"touch ~/ran one two three four five six omega","rate":"4"}'
endless='{"text":"echo one two three four five six seven eight nine ten","rate":"1"}'

# Sees the line while it is not whole, which is what streaming is.
streams() { # PART END
  local seen
  for ((tries = 0; tries < 600; tries++)); do
    seen=$(screen)
    case $seen in
      *"$2"*) printf 'whole at once:\n%s\n' "$seen"; return 1 ;;
      *"$1"*) return 0 ;;
    esac
    sleep 0.05
  done
  printf 'nothing came:\n%s\n' "$seen"
  return 1
}

cursor() { equals "$(terminal display-message -p '#{cursor_x}')" "$1"; }

metadata=$slow open_terminal "$shell" </dev/null
types 'touch some file'
keys M-i
check "Alt-I streams a command into the line" streams '$ touch ~/ran one' omega
check "the line has the whole command" await ends_with '$ touch ~/ran one two three four five six omega'
check "nothing ran" test ! -e "$HOME/ran"
keys C-_
check "one undo brings the words back" await ends_with '$ touch some file'

metadata=$endless open_terminal "$shell" </dev/null
types 'echo kept'
keys M-i
check "the answer begins" streams '$ echo one' ten
keys C-c
check "Ctrl-C in mid-answer keeps the line" await ends_with '$ echo kept'
check "Ctrl-C cancels the response" await nothing_runs
types ' line'
keys Enter
check "the line is as good as before" await shows 'kept line'
types 'echo again'
keys M-i
check "the next answer begins" streams '$ echo one' ten
keys C-c
check "and is stopped as the first" await ends_with '$ echo again'

metadata='{"text":"Here it is:\n"}' open_terminal "$shell" </dev/null
keys M-i
types 'echo empty'
check "an empty line asks nothing" await ends_with '$ echo empty'

metadata='{"text":"```sh\nls -l /\n```\n"}' open_terminal "$shell" </dev/null
types 'list'
keys M-i
check "a command in a Markdown block comes without the block" await ends_with '$ ls -l /'

metadata='{"text":"This lists it:\n```sh\nls -l /\n```\nNothing is changed."}' open_terminal "$shell" </dev/null
types 'list'
keys M-i
check "of prose with a block only the block is written" await ends_with '$ ls -l /'

metadata='{"text":"ls\u001b[2J\u0007 -l\u202e /"}' open_terminal "$shell" </dev/null
types 'list'
keys M-i
check "control characters are not" await ends_with '$ ls[2J -l /'

case $shell in
  bash) vi='set -o vi' ;;
  zsh) vi='bindkey -v; bindkey -v "^[i" __halley_write' ;;
  fish) vi='fish_vi_key_bindings; function fish_mode_prompt; end; __halley_bind \ei \eI' ;;
esac
metadata='{"text":"ls -l /"}' open_terminal "$shell" <<<"$vi"
types 'list the root'
keys M-i
check "in vi mode a command is written" await ends_with '$ ls -l /'
keys Escape
check "where Escape leaves the insertion" await cursor 8
types u
check "and one undo brings the words back" await ends_with '$ list the root'

metadata='{"text":"It works."}' open_terminal "$shell" </dev/null
types 'ai why is this not working?'
keys Enter
check "a question mark is no pattern" await shows 'It works.'

metadata='{"failed":"1","error_message":"out of order"}' open_terminal "$shell" </dev/null
types 'echo failed'
keys M-i
check "a failure says why" await mentions 'halley: the model failed: out of order'
check "a failure keeps the line" await shows '$ echo failed'
types ' and typed on'
check "the line can be edited after a failure" await mentions '$ echo failed and typed on'

metadata='{"text":"It lists all files."}' open_terminal "$shell" </dev/null
types 'ls -a'
keys M-I
check "Alt-Shift-I explains below the prompt" await shows 'It lists all files.'
check "and the line is there again" await ends_with '$ ls -a'
keys Home
types 'echo '
check "where it can be edited" await ends_with '$ echo ls -a'

HALLEY_SOCKET=$TMPDIR/none metadata='{}' open_terminal "$shell" </dev/null
types 'echo alone'
keys M-i
check "without a daemon it says how to start one" await mentions 'systemctl --user start halley.socket'
check "without a daemon the line is kept" await shows '$ echo alone'

metadata=$endless open_terminal "$shell" </dev/null
types 'echo orphan'
keys M-i
check "an answer begins before the daemon is killed" streams '$ echo one' ten
kill -KILL "$HALLEY_DAEMON_PID"
check "a daemon killed in mid-answer is told" await mentions 'the connection to halleyd was lost'
check "a daemon killed in mid-answer costs no line" await shows '$ echo orphan'
finish
