# zsh
__halley_bind '^[i' '^[I'
