# Halley for fish 3.0 and newer. In ~/.config/fish/config.fish:  halley init fish | source
#
#   Alt-I           turns the words or the half-written command on the line into a command
#   Alt-Shift-I     explains the command on the line
#   ai WORDS        asks; aic WORDS continues in this terminal
#   explain         says why the last command ended as it did; explain -r runs it again for its
#                   output, and COMMAND 2>&1 | explain takes the output from a pipe
#   git-ai-commit   writes the message for what is staged, and opens the editor with it
#
# The list halley_options holds options for all of them:  set -g halley_options -m gpt-5.4-mini
# Nothing is run for you, a name that you use stays yours, and Ctrl-C keeps the line.

function __halley_shell -d 'TASK [OPTION...] <TEXT'
    set -l task $argv[1]
    set -e argv[1]
    command halley __shell $task $halley_options $argv
end

function __halley_write
    set -l line (commandline | string collect)
    string match -qr '\S' -- $line; or return
    set -l prompt (fish_prompt)
    set -l new (printf '%s\n' $line | __halley_shell write --shell fish --prompt "$prompt[-1]")
    switch $status
        case 0
            commandline -r -- (string join \n -- $new | string collect)
        case 130
        case '*'
            __halley_make_room $prompt
    end
end

function __halley_explain
    set -l line (commandline | string collect)
    string match -qr '\S' -- $line; or return
    echo
    printf '%s\n' $line | __halley_shell explain
    __halley_make_room (fish_prompt)
end

# fish draws the prompt again from as many rows above the cursor as it has lines before the last.
function __halley_make_room -d 'LINES OF THE PROMPT'
    set -e argv[1]
    for row in $argv
        echo
    end
end

# The last command that was no explain, its exit status, and its output if that is to be had.
function __halley_outcome -a state -d 'STATUS [-r] [OPTION...]'
    set -e argv[1]
    set -l line $history[1]
    set -l output 'not given'
    if string match -qr '^explain(\s|$)' -- $line
        set line $__halley_line
        set state $__halley_state
    else
        set -g __halley_line $line
        set -g __halley_state $state
    end
    if contains -- "$argv[1]" -r --run
        set -e argv[1]
        printf '$ %s\n' $line >&2
        set output (eval $line 2>&1)
        set state $status
        printf '%s\n' $output
    else if command test -p /dev/stdin -o -f /dev/stdin
        command cat | read -z output
        set state 'not known'
        set line (status current-commandline 2>/dev/null | string replace -r '\|[^|]*explain.*' '')
    end
    printf '%s\n' Output: $output '' "Command: $line" "Exit status: $state" |
        __halley_shell outcome $argv
end

function __halley_commit -d '[OPTION OF GIT COMMIT...]'
    command git diff --cached --quiet
    switch $status
        case 0
            echo 'git-ai-commit: nothing is staged; see git add' >&2
            return 1
        case 1
        case '*'
            return 1
    end
    set -l message (command git diff --cached | __halley_shell commit)
    or return
    command git commit --edit --message (string join \n -- $message | string collect) $argv
end

if not type -q ai
    function ai -d 'Ask a model'
        command halley ask $halley_options $argv
    end
    function __halley_owns_ai
    end
end
if not type -q aic
    function aic -d 'Continue the last exchange of this terminal'
        command halley ask $halley_options --continue $argv
    end
end
if not type -q explain
    function explain -d 'Explain how the last command ended'
        __halley_outcome $status $argv
    end
end
if not type -q git-ai-commit
    function git-ai-commit -d 'Commit what is staged with a message from a model'
        __halley_commit $argv
    end
end

# The words of ai and aic are a question and no pattern of files: ai why is this not working? fish has
# no command that says so, so that Enter takes the meaning from ? and * where nothing else has one.
function __halley_enter
    set -l line (commandline | string collect)
    set -l parts (string match -r '^((?:.*[|;])?\s*aic?\s)([^\'"\\\\$|<>;&(){}~#]*[?*][^\'"\\\\$|<>;&(){}~#]*)$' -- $line)
    if set -q parts[3]; and functions -q __halley_owns_ai
        commandline -r -- $parts[2](string replace -ar '[?*]' '\\\\$0' -- $parts[3])
    end
    commandline -f execute
end

# What draws the line again is a command of its own: Ctrl-C ends the one before.
function __halley_bind -d 'WRITE-KEY EXPLAIN-KEY'
    status is-interactive; or return 0
    for mode in default insert
        bind -M $mode $argv[1] __halley_write 'commandline -f repaint'
        bind -M $mode $argv[2] __halley_explain 'commandline -f repaint'
        bind -M $mode \r __halley_enter
    end
end

__halley_bind \ei \eI
