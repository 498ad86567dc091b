# fish
__halley_bind \ei \eI
