# halley(1) completion for bash 4.4 and newer. What may stand there, halley itself knows.

_halley() {
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

complete -o nosort -F _halley halley
