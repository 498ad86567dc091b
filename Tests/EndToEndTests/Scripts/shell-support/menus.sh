# shellcheck shell=bash
# The completions, as Tab shows them in one shell.

set -u
here=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=tap.sh
. "$here/tap.sh"
# shellcheck source=terminal.sh
. "$here/terminal.sh"

shell=$1
needs "$shell" tmux
completions=$HALLEY_ROOT/contrib/completions
mkdir -p "$TMPDIR/w" "$HOME/.config/fish/completions" "$XDG_CONFIG_HOME/halley/templates"
echo text >"$TMPDIR/w/file.txt"
touch "$XDG_CONFIG_HOME/halley/templates/review.md"
ln -s "$completions/halley.fish" "$HOME/.config/fish/completions/"
"$HALLEY" -q -C refactor hi >/dev/null

start() {
  local lines="cd '$TMPDIR/w'"
  case $shell in
    bash) lines+=$'\n'". '$completions/halley.bash'" ;;
    zsh) lines+=$'\n'"fpath=('$completions' \$fpath); autoload -Uz compinit; compinit -u -D" ;;
  esac
  metadata='{}' open_terminal "$shell" <<<"$lines"
}

# Types a line, presses Tab, sees what the line has become, and leaves it.
becomes() { # SENTENCE TYPED EXPECTED
  types "$2"
  keys Tab
  check "$1" await ends_with "\$ $3"
  keys C-e C-u
  await ends_with '$' >&2
}

start
becomes "a command" 'halley mod' 'halley models'
becomes "a command of a command" 'halley config ch' 'halley config check'
becomes "an option" 'halley --mod' 'halley --model'
becomes "a model" 'halley -m gpt-5.4-m' 'halley -m gpt-5.4-mini'
becomes "a model behind an equals sign" 'halley --model=gpt-5.4-m' 'halley --model=gpt-5.4-mini'
becomes "a conversation" 'halley show ref' 'halley show refactor'
becomes "a template" 'halley -t rev' 'halley -t review'
becomes "a choice" 'halley --color alw' 'halley --color always'
becomes "a file" 'halley -a fi' 'halley -a file.txt'
becomes "behind quoted words" 'halley "a b" -C ref' 'halley "a b" -C refactor'

types 'halley -m gpt-5.4'
keys Tab Tab
check "a menu of models" await mentions 'gpt-5.4-mini'
keys C-c
HALLEY_SOCKET=$TMPDIR/none start
becomes "without a daemon the line stays, and nothing is said" 'halley -m gpt-' 'halley -m gpt-'
check "and nothing else is on the screen" equals "$(screen | grep -c .)" 2
finish
