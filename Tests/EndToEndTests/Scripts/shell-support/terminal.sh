# shellcheck shell=bash
# Runs an interactive shell that has Halley's integration on a terminal of its own, with tmux.
# Needs tap.sh.

terminals=0
PATH=$(dirname "$HALLEY"):$PATH
export PATH
trap close_terminal EXIT

terminal() { tmux -S "$TMPDIR/tmux$terminals" -f /dev/null "$@"; }

# Starts bash, zsh or fish in a terminal of 80 columns. Further lines of its start-up file come from
# stdin; the model is told by $metadata what to answer.
open_terminal() { # SHELL [ENVIRONMENT...]
  local shell=$1 command file
  shift
  close_terminal
  terminals=$((terminals + 1))
  mkdir -p "$HOME/.config/fish"
  # The quotes are for the shell that is started.
  # shellcheck disable=SC2016
  case $shell in
    bash)
      file=$HOME/.bashrc command="bash --rcfile $file -i"
      set -- "$@" 'PS1="\[\e[32m\]above\n\[\e[0m\]\$ "' 'eval "$(halley init bash)"' \
        'halley_options=(--param "metadata=$metadata")'
      ;;
    zsh)
      file=$HOME/.zshrc command='zsh -i'
      set -- "$@" 'PS1=$'\''%F{green}above%f\n$ '\' 'eval "$(halley init zsh)"' \
        'halley_options=(--param "metadata=$metadata")'
      ;;
    fish)
      file=$HOME/.config/fish/config.fish command='fish -i'
      set -- "$@" "function fish_prompt; set_color green; echo above; set_color normal; echo -n '\$ '; end" \
        'set -g fish_greeting' 'set -g fish_autosuggestion_enabled 0' \
        'halley init fish | source' \
        'set -g halley_options --param metadata=$metadata'
      ;;
  esac
  { [ -t 0 ] || cat; } >"$TMPDIR/lines"
  { printf '%s\n' "$@"; cat "$TMPDIR/lines"; } >"$file"
  terminal new-session -d -x 80 -y 24 -e "metadata=${metadata:-{\}}" "$command"
  terminal set-option -g escape-time 0
  await shows '$' >&2
}

close_terminal() { terminal kill-server 2>/dev/null || true; }

screen() { terminal capture-pane -p; }
keys() { terminal send-keys "$@"; }
types() { terminal send-keys -l -- "$1"; }

# Whether a row of the screen is just this, or has this in it; each shows the screen where not.
shows() { screen | grep -qxF -- "$1" || { echo "no row is just: $1"; screen; return 1; }; }
# Whether the screen has a text, which may be broken between words.
mentions() {
  screen | tr -s ' \n' ' ' | grep -qF -- "$1" || { echo "nothing mentions: $1"; screen; return 1; }
}

# Whether the last row that is not empty is just this.
ends_with() { equals "$(screen | grep . | tail -n 1)" "$1"; }
