# Halley for Kakoune: source this file from kakrc.
#
#   :halley WORDS    replaces each selection by what the model makes of it, as the words say
#
# The selections go through halley(1) by |. What fails, or is ended with <c-c>, leaves the selection
# as it is, and its reason in the buffer *debug*; u undoes.

declare-option -docstring 'options for halley(1), such as "-m gpt-5.4-mini"' str halley_options

declare-option -hidden str halley_words
declare-option -hidden str halley_filter %{
    input=$(cat; echo .)
    input=${input%.}
    end=${input##*[!
]}
    output=$(printf %s "$input" | halley ask --quiet --no-store $kak_opt_halley_options \
        -s 'Answer with the text that replaces the input and nothing else: no explanation, no Markdown around it.' \
        -- "$kak_opt_halley_words") && printf '%s%s' "$output" "$end" || printf %s "$input"
}

define-command halley -params 1.. -docstring 'halley <words>: rewrite the selections' %{
    set-option window halley_words "%arg{@}"
    # Kakoune hands on the options that the command names.
    execute-keys '|: "$kak_opt_halley_words$kak_opt_halley_options"; eval "$kak_opt_halley_filter"<ret>'
}
