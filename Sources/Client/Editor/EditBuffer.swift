/// A text that is being typed, and where in it the cursor is.
///
/// It moves by whole characters, as they are seen.
package struct EditBuffer: Equatable, Sendable {
  /// What stands before the cursor.
  package private(set) var before = ""
  package private(set) var after = ""

  package init(_ text: String = "") {
    before = text
  }

  package var text: String { before + after }
  package var isEmpty: Bool { before.isEmpty && after.isEmpty }

  /// Inserts a text; line ends become LF, and no other control character but the tab is taken.
  package mutating func insert(_ text: String) {
    var scalars = String.UnicodeScalarView()
    for scalar in text.replacing("\r\n", with: "\n").unicodeScalars {
      switch scalar {
      case "\r": scalars.append("\n")
      case "\n", "\t": scalars.append(scalar)
      default: if scalar.properties.generalCategory != .control { scalars.append(scalar) }
      }
    }
    before += String(scalars)
  }

  // MARK: Moving

  package mutating func moveLeft() {
    guard let character = before.popLast() else { return }
    after = String(character) + after
  }

  package mutating func moveRight() {
    guard !after.isEmpty else { return }
    before.append(after.removeFirst())
  }

  package mutating func moveToLineStart() { moveLeft(lineBefore.count) }
  package mutating func moveToLineEnd() { moveRight(lineAfter.count) }
  package mutating func moveWordLeft() { moveLeft(wordBefore.count) }
  package mutating func moveWordRight() { moveRight(wordAfter.count) }

  package mutating func moveToEnd() {
    before += after
    after = ""
  }

  /// Moves to the same column of the line above; false on the first line.
  package mutating func moveUp() -> Bool {
    let column = lineBefore.count
    guard column < before.count else { return false }
    moveLeft(column + 1)
    moveLeft(max(0, lineBefore.count - column))
    return true
  }

  /// Moves to the same column of the line below; false on the last line.
  package mutating func moveDown() -> Bool {
    let column = lineBefore.count
    guard lineAfter.count < after.count else { return false }
    moveRight(lineAfter.count + 1)
    moveRight(min(column, lineAfter.count))
    return true
  }

  private mutating func moveLeft(_ count: Int) {
    let moved = before.suffix(count)
    after = moved + after
    before.removeLast(count)
  }

  private mutating func moveRight(_ count: Int) {
    before += after.prefix(count)
    after.removeFirst(count)
  }

  // MARK: Deleting

  package mutating func deleteBackward() { _ = before.popLast() }
  package mutating func deleteForward() { after = String(after.dropFirst()) }

  // Each returns what it has cut out.

  package mutating func cutToLineEnd() -> String {
    // At a line's end the line end itself is meant, as everywhere.
    cutForward(lineAfter.isEmpty ? after.prefix(1).count : lineAfter.count)
  }

  package mutating func cutToLineStart() -> String {
    cutBackward(lineBefore.isEmpty ? before.suffix(1).count : lineBefore.count)
  }

  package mutating func cutWordBackward() -> String { cutBackward(wordBefore.count) }
  package mutating func cutWordForward() -> String { cutForward(wordAfter.count) }

  /// Cuts back to white space: a whole path or URL.
  package mutating func cutBlankBackward() -> String {
    let blanks = before.reversed().prefix { $0.isWhitespace }.count
    let word = before.dropLast(blanks).reversed().prefix { !$0.isWhitespace }.count
    return cutBackward(blanks + word)
  }

  private mutating func cutForward(_ count: Int) -> String {
    defer { after = String(after.dropFirst(count)) }
    return String(after.prefix(count))
  }

  private mutating func cutBackward(_ count: Int) -> String {
    defer { before = String(before.dropLast(count)) }
    return String(before.suffix(count))
  }

  /// Swaps the characters around the cursor, at the end of the text the last two.
  package mutating func transpose() {
    if after.isEmpty { moveLeft() }
    guard let second = after.first, let first = before.popLast() else { return moveToEnd() }
    after.removeFirst()
    before.append(second)
    before.append(first)
  }

  // MARK: What is around the cursor

  private var lineBefore: Substring {
    before.lastIndex(of: "\n").map { before[before.index(after: $0)...] } ?? before[...]
  }

  private var lineAfter: Substring {
    after.prefix { $0 != "\n" }
  }

  /// A word and what is no word between it and the cursor.
  private var wordBefore: Substring {
    let gap = before.reversed().prefix { !Self.isWord($0) }.count
    let word = before.dropLast(gap).reversed().prefix(while: Self.isWord).count
    return before.suffix(gap + word)
  }

  private var wordAfter: Substring {
    let gap = after.prefix { !Self.isWord($0) }.count
    let word = after.dropFirst(gap).prefix(while: Self.isWord).count
    return after.prefix(gap + word)
  }

  private static func isWord(_ character: Character) -> Bool {
    character.isLetter || character.isNumber
  }
}
