# Halley for Kakoune: source this file from kakrc.
#
#   :halley WORDS     replaces each selection by what the model makes of it
#   :halley-below WORDS   puts the answer behind each selection
#
# Both are pipes through halley(1); what fails leaves the selection as it is, with the reason in the
# *debug* buffer. <c-c> stops the answer. Undo with u.

declare-option -docstring 'further options for halley(1), such as "-m gpt-5.4-mini"' str halley_options
declare-option -hidden str halley_words

define-command halley -params 1.. -docstring 'halley <words>: rewrite the selections' %{
    set-option window halley_words "%arg{@}"
    execute-keys '|halley ask --quiet --no-store --raw -s "Answer with the text that replaces the input and nothing else: no explanation, no Markdown around it." $kak_opt_halley_options -- "$kak_opt_halley_words"<ret>'
}

define-command halley-below -params 1.. -docstring 'halley-below <words>: answer below the selections' %{
    set-option window halley_words "%arg{@}"
    execute-keys '<a-!><backspace>' '<esc>'
}
