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
# Nothing is run for you, a name that you use stays yours, and Ctrl-C keeps the line.

[[ -v halley_options ]] || halley_options=()

__halley_shell() { # TASK [OPTION...] <TEXT
  command halley __shell "$1" "${halley_options[@]}" "${@:2}"
}

# Runs what a key is bound to. Ctrl-C ends the answer, not the line that is edited.
__halley_key() { # FUNCTION
  [[ $READLINE_LINE == *[![:space:]]* ]] || return 0
  local trap_of_user
  trap_of_user=$(trap -p INT)
  trap : INT
  "$1"
  eval "${trap_of_user:-trap - INT}"
}

__halley_write() {
  local line
  line=$(__halley_shell write --shell bash --prompt "${PS1@P}" <<<"$READLINE_LINE") || return 0
  READLINE_LINE=$line
  READLINE_POINT=${#line}
}

# readline has taken the line from the screen, and puts it back below.
__halley_explain() {
  local prompt=${PS1@P}
  prompt=${prompt##*$'\n'}
  printf '%s%s\n' "${prompt//[$'\001\002']/}" "$READLINE_LINE" >&2
  __halley_shell explain <<<"$READLINE_LINE"
}

# The last command that was no explain, its exit status, and its output if that is to be had.
__halley_outcome() { # STATUS [-r] [OPTION...]
  local line state=$1 output=
  shift
  line=$(HISTTIMEFORMAT='' fc -ln -1)
  line=${line#"${line%%[![:space:]]*}"}
  if [[ $line == explain || $line == explain[[:space:]]* ]]; then
    line=${__halley_line-} state=${__halley_state-}
  else
    __halley_line=$line __halley_state=$state
  fi
  if [[ ${1-} == -r || ${1-} == --run ]]; then
    shift
    printf '$ %s\n' "$line" >&2
    output=$(eval "$line" 2>&1)
    state=$?
    printf '%s\n' "$output"
  elif [[ -p /dev/stdin || -f /dev/stdin ]]; then
    output=$(command cat)
    state='not known'
    line=$(HISTTIMEFORMAT='' history 1)
    line=${line#*[0-9]  }
    line=${line%|*explain*}
  fi
  printf 'Output:\n%s\n\nCommand: %s\nExit status: %s\n' "${output:-not given}" "$line" "$state" |
    __halley_shell outcome "$@"
}

__halley_commit() { # [OPTION OF GIT COMMIT...]
  local message
  command git diff --cached --quiet
  case $? in
    0) printf 'git-ai-commit: nothing is staged; see git add\n' >&2; return 1 ;;
    1) ;;
    *) return 1 ;;
  esac
  message=$(command git diff --cached | __halley_shell commit) || return
  command git commit --edit --message "$message" "$@"
}

type ai &>/dev/null || function ai { command halley ask "${halley_options[@]}" "$@"; }
type aic &>/dev/null || function aic { command halley ask "${halley_options[@]}" --continue "$@"; }
type explain &>/dev/null || function explain { __halley_outcome "$?" "$@"; }
type git-ai-commit &>/dev/null || function git-ai-commit { __halley_commit "$@"; }

# What may stand there, halley itself knows; contrib/completions has the same for bash-completion, which
# loads it later and is not needed.
__halley_complete() {
  local word raw='' joined='' text stem words=()
  # bash cuts words at = and :, where halley and the names of models do not.
  for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
    if [[ ${#words[@]} -gt 0 && ($word == [:=]* || -n $joined) ]]; then
      words[-1]+=$word
    else
      words+=("$word")
    fi
    joined=''
    [[ $word != *[:=] ]] || joined=1
  done
  raw=${words[-1]-}
  stem=${raw%"${raw##*[:=]}"}
  COMPREPLY=()
  while IFS=$'\t' read -r text _; do
    if [[ $text == :files ]]; then
      compopt -o filenames
      mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "${raw#"$stem"}")
    else
      COMPREPLY+=("${text#"$stem"}")
    fi
  done < <(command halley __complete "${words[@]}" 2>/dev/null)
}

complete -p halley &>/dev/null || complete -o nosort -F __halley_complete halley

# In vi mode what is inserted is one change, together with the words that were typed before. So that an
# undo brings these back, the key ends the insertion, and begins another where the cursor is.
__halley_bind() { # WRITE-KEY EXPLAIN-KEY
  [[ $- == *i* ]] || return 0
  {
    bind -m emacs -x "\"$1\": __halley_key __halley_write"
    bind -m vi-command -x "\"$1\": __halley_key __halley_write"
    bind -m vi-insert -x '"\C-x\C-h": __halley_key __halley_write'
    bind -m vi-insert "\"$1\": \"\\ea\C-x\C-h\""
    bind -m emacs -x "\"$2\": __halley_key __halley_explain"
    bind -m vi-insert -x "\"$2\": __halley_key __halley_explain"
  } 2>/dev/null
}

__halley_bind '\ei' '\eI'
