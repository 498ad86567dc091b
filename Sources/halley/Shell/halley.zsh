# Halley for zsh 5.8 and newer. In ~/.zshrc:  eval "$(halley init zsh)"
#
#   Alt-I           turns the words or the half-written command on the line into a command
#   Alt-Shift-I     explains the command on the line
#   ai WORDS        asks; aic WORDS continues in this terminal
#   explain         says why the last command ended as it did; explain -r runs it again for its
#                   output, and COMMAND 2>&1 | explain takes the output from a pipe
#   git-ai-commit   writes the message for what is staged, and opens the editor with it
#
# The array halley_options holds options for all of them:  halley_options=(-m gpt-5.4-mini)
# Nothing is run for you, a name that you use stays yours, and Ctrl-C keeps the line.

(( $+halley_options )) || typeset -ga halley_options

__halley_shell() { # TASK [OPTION...] <TEXT
  command halley __shell "$1" "${halley_options[@]}" "${@:2}"
}

# Writes the line each time that it has grown, ended by NUL, and last the status and what was said.
__halley_grow() { # LINE
  local said
  trap : INT
  { said=$(__halley_shell write --shell zsh --growing <<<"$1" 2>&1 >&3 3>&-) } 3>&1
  printf '%s\n%s' "$?" "$said"
}

__halley_write() {
  emulate -L zsh
  [[ $BUFFER == *[![:space:]]* ]] || return 0
  zmodload zsh/system || return
  # In vi mode what is inserted is one change, together with the words that were typed before.
  zle split-undo
  local old=$BUFFER text
  integer cursor=CURSOR fd
  exec {fd}< <(__halley_grow "$BUFFER")
  trap "kill -INT -- -$sysparams[procsubstpid] 2>/dev/null" INT
  POSTDISPLAY=
  while IFS= read -r -d $'\0' -u $fd text; do
    if [[ $text == "$old ⋯"* ]]; then
      POSTDISPLAY=${text#$old}
    else
      BUFFER=$text POSTDISPLAY=
      CURSOR=$#BUFFER
    fi
    zle -R
  done
  exec {fd}<&-
  POSTDISPLAY=
  [[ $text != 0$'\n'* ]] || return 0
  BUFFER=$old
  CURSOR=$cursor
  zle -M -- "${text#*$'\n'}"
}

__halley_explain() {
  emulate -L zsh
  [[ $BUFFER == *[![:space:]]* ]] || return 0
  trap : INT
  zle -I
  __halley_shell explain <<<"$PREBUFFER$BUFFER"
}

# The last command that was no explain, its exit status, and its output if that is to be had.
__halley_outcome() { # STATUS [-r] [OPTION...]
  emulate -L zsh
  zmodload zsh/parameter || return
  local line=$history[$((HISTCMD - 1))] state=$1 output=
  shift
  if [[ $line == explain || $line == explain[[:space:]]* ]]; then
    line=$__halley_line state=$__halley_state
  else
    typeset -g __halley_line=$line __halley_state=$state
  fi
  if [[ $1 == (-r|--run) ]]; then
    shift
    printf '$ %s\n' "$line" >&2
    output=$(eval "$line" 2>&1)
    state=$?
    printf '%s\n' "$output"
  elif [[ -p /dev/stdin || -f /dev/stdin ]]; then
    output=$(command cat)
    state='not known'
    line=${history[$HISTCMD]%|*explain*}
  fi
  printf 'Output:\n%s\n\nCommand: %s\nExit status: %s\n' "${output:-not given}" "$line" "$state" |
    __halley_shell outcome "$@"
}

__halley_commit() { # [OPTION OF GIT COMMIT...]
  emulate -L zsh
  local message
  command git diff --cached --quiet
  case $? in
    (0) printf 'git-ai-commit: nothing is staged; see git add\n' >&2; return 1 ;;
    (1) ;;
    (*) return 1 ;;
  esac
  message=$(command git diff --cached | __halley_shell commit) || return
  command git commit --edit --message "$message" "$@"
}

# The words are a question and no pattern of files: ai why is this not working?
if ! whence ai >/dev/null; then
  function ai { command halley ask "${halley_options[@]}" "$@" }
  alias ai='noglob ai'
fi
if ! whence aic >/dev/null; then
  function aic { command halley ask "${halley_options[@]}" --continue "$@" }
  alias aic='noglob aic'
fi
whence explain >/dev/null || function explain { __halley_outcome $? "$@" }
whence git-ai-commit >/dev/null || function git-ai-commit { __halley_commit "$@" }

__halley_bind() { # WRITE-KEY EXPLAIN-KEY
  local keymap
  [[ -o zle ]] || return 0
  zle -N __halley_write
  zle -N __halley_explain
  for keymap in emacs viins; do
    bindkey -M $keymap "$1" __halley_write
    bindkey -M $keymap "$2" __halley_explain
  done
}

__halley_bind '^[i' '^[I'
