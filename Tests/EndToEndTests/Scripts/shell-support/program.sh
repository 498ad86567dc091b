# shellcheck shell=bash
# Drives a program on a terminal of its own, with tmux.

tmux() { command tmux -S "$TMPDIR/tmux" -f /dev/null "$@"; }

# Starts a program in a terminal of 80 columns and 24 rows.
open_terminal() { # COMMAND...
  tmux new-session -d -x 80 -y 24 "$@"
  tmux set-option -g escape-time 0
  trap close_terminal EXIT
}

close_terminal() { tmux kill-server 2>/dev/null || true; }

keys() { tmux send-keys "$@"; }
text() { tmux send-keys -l -- "$1"; }

screen() { tmux capture-pane -p; }
