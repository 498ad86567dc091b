# shellcheck shell=bash
# The functions of the integration in one shell: ai, aic, explain, git-ai-commit.

set -u
here=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=tap.sh
. "$here/tap.sh"
# shellcheck source=terminal.sh
. "$here/terminal.sh"

shell=$1
needs "$shell" tmux git jq

# The screen with the lines whole that the terminal has cut.
screen() { terminal capture-pane -p -J -S - | sed 's/ *$//'; }
equals_count() { equals "$(screen | grep -cx -- "$1")" "$2"; } # ROW COUNT
enters() { types "$1"; keys Enter; }

metadata='{}' open_terminal "$shell" </dev/null
enters 'ai what is "a b"'
check "ai asks" await mentions 'You said: "what is a b".'
enters 'echo from a pipe | ai why'
check "ai takes what is piped in" await mentions 'from a pipe'
enters 'ai number 7'
await mentions 'You said: "number 7"' >&2
enters 'aic and now'
check "aic continues in this terminal" await mentions 'You said: "and now".'
enters 'ai --json count | tail -n 1 >~/alone; aic --json count | tail -n 1 >~/more; echo done'
await shows 'done' >&2
check "and the model is told what was said before" \
  test "$(jq .usage.input_tokens ~/more)" -gt "$(jq .usage.input_tokens ~/alone)"

enters "sh -c 'echo gone wrong >&2; exit 3'"
await shows 'gone wrong' >&2
enters 'explain'
check "explain tells the last command" await mentions "Command: sh -c 'echo gone wrong >&2; exit 3'"
check "and its exit status" await mentions 'Exit status: 3'
check "and runs nothing" equals "$(screen | grep -cx 'gone wrong')" 1
enters 'explain -r'
check "explain -r runs it again" await equals_count 'gone wrong' 2
check "and tells its output" await mentions 'Output: gone wrong'
enters 'ls /none 2>&1 | explain'
check "a pipe gives the output" await mentions "cannot access '/none'"
check "and the command" await mentions 'Command: ls /none 2>&1'
close_terminal

# git-ai-commit, with an editor that adds a line of its own.
repository=$TMPDIR/r
git init -q "$repository"
cd "$repository" || exit 1
git config user.name A
git config user.email a@example.com
printf '#!/bin/sh\necho "by hand" >>"$1"\n' >"$TMPDIR/editor"
chmod +x "$TMPDIR/editor"
export GIT_EDITOR=$TMPDIR/editor

commits() { # METADATA
  metadata=$1 "$shell" -c "$prepare" "$HALLEY_ROOT/contrib/shell/halley.$shell" 2>&1
}
# shellcheck disable=SC2016
case $shell in
  fish) prepare='source $argv[1]; set -g halley_options --param metadata=$metadata; git-ai-commit -q' ;;
  *) prepare='. "$0"; halley_options=(--param "metadata=$metadata"); git-ai-commit -q' ;;
esac

said=$(commits '{}')
check "nothing staged is an error" equals $? 1
check "and says so" contains "$said" 'nothing is staged; see git add'
echo one >file
git add file
check "a message for what is staged" commits '{"text":"Add a file\n\nBecause."}'
check "goes through the editor" equals "$(git log -1 --format=%B)" $'Add a file\n\nBecause.\n\nby hand'
printf '\377\n' >file
git add file
check "what is no text is no hindrance" commits '{"text":"Add a byte"}'
echo two >file
git add file
said=$(commits '{"failed":"1","error_message":"out of order"}')
check "a failure is told" contains "$said" 'out of order'
check "and commits nothing" equals "$(git log -1 --format=%s)" 'Add a byte'
finish
