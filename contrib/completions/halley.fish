# halley(1) completion for fish. What may stand there, halley itself knows.

function __halley_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -e words[1]
    for line in (command halley __complete $words "$current" 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path (string replace -r '^--[^=]*=' '' -- "$current")
        else
            printf '%s\n' $line
        end
    end
end

complete -c halley -f -k -a '(__halley_complete)'
