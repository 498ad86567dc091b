# Halley for bash 5.0 and newer. In ~/.bashrc:  eval "$(halley init bash)"
#
#   Alt-I           turns the words or the half-written command on the line into a command
#   Alt-Shift-I     explains the command on the line
#   ai WORDS        asks; aic WORDS continues in this terminal
#   explain         says why the last command ended as it did; explain -r runs it again for its
#                   output, and COMMAND 2>&1 | explain takes the output from a pipe
#   git-ai-commit   writes the message for what is staged, and opens the editor with it
#
# The array halley_options holds options for all of them:  halley_options=(-m gpt-5.4-mini)
# Nothing is run for you, names that you use already stay yours, and Ctrl-C keeps the line.

# Runs a command that Ctrl-C ends, and the line editor with it not.
__halley_run() {
  local trap_of_user status
  trap_of_user=$(trap -p INT)
  trap : INT
  "$@"
  status=$?
  eval "${trap_of_user:-trap - INT}"
  return "$status"
}

__halley_shell() { command halley __shell "$1" "${halley_options[@]}" "${@:2}"; }

__halley_write() {
  local command
  [[ $READLINE_LINE == *[![:space:]]* ]] || return 0
  command=$(__halley_run __halley_shell write --shell bash --prompt "${PS1@P}" <<<"$READLINE_LINE") ||
    return 0
  READLINE_LINE=$command
  READLINE_POINT=${#command}
}

__halley_explain() {
  local prompt=${PS1@P}
  [[ $READLINE_LINE == *[![:space:]]* ]] || return 0
  prompt=${prompt##*$'\n'}
  printf '%s%s\n' "${prompt//[$'\001\002']/}" "$READLINE_LINE" >&2
  __halley_run __halley_shell explain <<<"$READLINE_LINE"
}

# The command line before this one, and what was asked about it.
__halley_outcome() {
  local status=$1 line output=
  shift
  line=$(HISTTIMEFORMAT= fc -ln -1)
  line=${line#"${line%%[![:space:]]*}"}
  if [[ ${1-} == -r || ${1-} == --run ]]; then
    shift
    printf '$ %s\n' "$line" >&2
    output=$(eval "$line" 2>&1)
    status=$?
    printf '%s\n' "$output"
  elif [[ -p /dev/stdin || -f /dev/stdin ]]; then
    output=$(tail -c 60000)
    status='not known'
    line=${line%|*explain*}
  fi
  printf 'Command: %s\nExit status: %s\nOutput:\n%s\n' "$line" "$status" "${output:-(not given)}" |
    __halley_shell outcome "$@"
}

__halley_commit() {
  local message
  git diff --cached --quiet
  case $? in
    0) echo "git-ai-commit: nothing is staged; see git add" >&2; return 1 ;;
    1) ;;
    *) return 1 ;;
  esac
  message=$(git diff --cached | __halley_shell commit) || return
  git commit --edit --message "$message" "$@"
}

# Names that are in use stay as they are.
type ai &>/dev/null || ai() { command halley ask "${halley_options[@]}" "$@"; }
type aic &>/dev/null || aic() { command halley ask "${halley_options[@]}" --continue "$@"; }
type explain &>/dev/null || explain() { __halley_outcome "$?" "$@"; }
type git-ai-commit &>/dev/null || git-ai-commit() { __halley_commit "$@"; }

__halley_bind() { # WRITE-KEY EXPLAIN-KEY
  local keymap
  [[ $- == *i* ]] || return 0
  for keymap in emacs vi-insert; do
    bind -m "$keymap" -x "\"$1\": __halley_write" 2>/dev/null
    bind -m "$keymap" -x "\"$2\": __halley_explain" 2>/dev/null
  done
}

__halley_bind '\ei' '\eI'
