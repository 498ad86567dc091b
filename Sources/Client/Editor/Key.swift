/// What was typed at a terminal, as far as the line editor tells it apart.
package enum Key: Equatable, Sendable {
  /// Text that stands for itself.
  case text(String)
  /// Text that was pasted in one go, with its line ends.
  case paste(String)
  /// A control character by its letter: Ctrl-A is `control("a")`.
  case control(Character)
  /// Alt or Escape before a character.
  case alt(Character)
  case enter
  /// Alt-Enter: a line end within the text.
  case newline
  case tab, escape, backspace, delete
  case left, right, up, down, home, end
  case wordLeft, wordRight
}
