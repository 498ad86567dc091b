internal import JSON

/// One text that an upstream is not to be heard repeating.
struct Secret: Sendable {
  private static let shortest = 12
  private static let shortestWithDigit = 8

  let bytes: [UInt8]
  /// Whether it is long or has digits, so that no text has it by chance.
  let isUnmistakable: Bool
  /// Its characters that JSON may write behind a backslash.
  private let escapable: [UInt8]
  /// Where the byte of it is that streams have least of.
  private let rarest: Int

  init(_ text: String) {
    let bytes = Array(text.utf8)
    self.bytes = bytes
    let hasDigit = bytes.contains { 0x30...0x39 ~= $0 }
    isUnmistakable = bytes.count >= (hasDigit ? Self.shortestWithDigit : Self.shortest)
    escapable = bytes.filter { $0 == 0x22 || $0 == 0x2F || $0 == 0x5C }
    rarest = bytes.indices.min { Self.frequency(bytes[$0]) < Self.frequency(bytes[$1]) } ?? 0
  }

  // MARK: Searching

  /// Whether it stands in bytes, or escapes that could spell it.
  func mayStand(in text: Span<UInt8>) -> Bool { holds(text) || hasEscapes(text) }

  private func holds(_ text: Span<UInt8>) -> Bool {
    guard text.count >= bytes.count else { return false }
    var index = text.firstIndex(of: bytes[rarest], from: rarest)
    while index < text.count {
      if matches(text, at: index - rarest) { return true }
      index = text.firstIndex(of: bytes[rarest], from: index + 1)
    }
    return false
  }

  /// How often a byte stands in events, roughly: their names and ids are in small letters and
  /// digits, and no name has one of the letters that come first here.
  private static func frequency(_ byte: UInt8) -> Int {
    switch byte {
    case UInt8(ascii: "j"), UInt8(ascii: "k"), UInt8(ascii: "w"), UInt8(ascii: "z"): 1
    case UInt8(ascii: "-"), UInt8(ascii: "h"), UInt8(ascii: "v"): 2
    case 0x30...0x39, 0x61...0x7A: 3
    case UInt8(ascii: "\""), UInt8(ascii: ","), UInt8(ascii: "."), UInt8(ascii: ":"),
      UInt8(ascii: "_"), UInt8(ascii: "{"), UInt8(ascii: "}"):
      3
    default: 0
    }
  }

  func hasEscapes(_ text: Span<UInt8>) -> Bool {
    var index = text.firstIndex(of: 0x5C, from: 0)
    while index + 1 < text.count {
      if escapable.contains(text[index + 1]) { return true }
      // `\u0021` to `\u007e`, which is what secrets are made of.
      if index + 4 < text.count, text[index + 1] == UInt8(ascii: "u"), text[index + 2] == 0x30,
        text[index + 3] == 0x30, 0x32...0x37 ~= text[index + 4]
      {
        return true
      }
      index = text.firstIndex(of: 0x5C, from: index + 2)
    }
    return false
  }

  private func matches(_ text: Span<UInt8>, at start: Int) -> Bool {
    guard start + bytes.count <= text.count else { return false }
    for index in bytes.indices where text[start + index] != bytes[index] { return false }
    return true
  }

  /// How many bytes at the end of a text are the beginning of it, and not all of it.
  func begun(in text: Span<UInt8>) -> Int { text.endBeginning(bytes) }

  /// Whether a text that goes on elsewhere may have its beginning at the end, or escapes that could
  /// spell it.
  func mayBegin(in text: Span<UInt8>) -> Bool { begun(in: text) > 0 || hasEscapes(text) }

  /// Where it ends for the first time; nil where it does not stand.
  func end(in text: Span<UInt8>) -> Int? {
    for start in 0..<max(0, text.count - bytes.count + 1) where matches(text, at: start) {
      return start + bytes.count
    }
    return nil
  }

  // MARK: Removing

  /// Writes a JSON text without it. Members whose names are words keep them.
  func removed(from text: Span<UInt8>) -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(text.count)
    var index = 0
    while index < text.count {
      let quote = text.firstIndex(of: 0x22, from: index)
      output.append(contentsOf: text.extracting(index..<quote))
      guard quote < text.count else { break }
      output.append(0x22)
      let start = output.count
      index = appendString(text, from: quote + 1, to: &output)
      if !isUnmistakable, isName(text, endingAt: index) {
        output.removeSubrange(start...)
        output.append(contentsOf: text.extracting(quote + 1..<index))
      }
      guard index < text.count else { break }
      output.append(0x22)
      index += 1
    }
    return output
  }

  private func isName(_ text: Span<UInt8>, endingAt quote: Int) -> Bool {
    var index = quote + 1
    while index < text.count, [0x20, 0x09, 0x0A, 0x0D].contains(text[index]) { index += 1 }
    return index < text.count && text[index] == UInt8(ascii: ":")
  }

  /// Appends the inside of a string, as it is written where it is not the secret.
  ///
  /// - Returns: where the closing quote is.
  private func appendString(
    _ text: Span<UInt8>, from start: Int, to output: inout [UInt8]
  ) -> Int {
    var index = start
    var kept = start
    var previous = UInt8(ascii: " ")
    while index < text.count, text[index] != 0x22 {
      if let end = end(text, from: index), isUnmistakable || isToken(text, previous, end) {
        output.append(contentsOf: text.extracting(kept..<index))
        output += KeyRedactor.mark
        index = end
        kept = end
        previous = UInt8(ascii: "]")
      } else {
        let (byte, length) = Self.read(text, at: index)
        previous = byte
        index = min(index + length, text.count)
      }
    }
    output.append(contentsOf: text.extracting(kept..<index))
    return index
  }

  /// Where the secret ends that begins at an index; nil where none does.
  private func end(_ text: Span<UInt8>, from start: Int) -> Int? {
    var index = start
    for byte in bytes {
      guard index < text.count, text[index] != 0x22 else { return nil }
      let (found, length) = Self.read(text, at: index)
      guard found == byte else { return nil }
      index += length
    }
    return index <= text.count ? index : nil
  }

  private func isToken(_ text: Span<UInt8>, _ previous: UInt8, _ end: Int) -> Bool {
    let isAtEnd = end >= text.count || text[end] == 0x22
    return !Self.isInToken(previous)
      && (isAtEnd || !Self.isInToken(Self.read(text, at: end).byte))
  }

  private static func isInToken(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F, 0x80...: true
    default: false
    }
  }

  /// Reads one byte of a string, or the byte that an escape stands for; what is no ASCII character
  /// counts as a letter.
  private static func read(_ text: Span<UInt8>, at index: Int) -> (byte: UInt8, length: Int) {
    guard text[index] == 0x5C, index + 1 < text.count else { return (text[index], 1) }
    switch text[index + 1] {
    case UInt8(ascii: "u"):
      let digits = (index + 2..<min(index + 6, text.count)).map { text[$0] }
      let value = UInt16(String(decoding: digits, as: UTF8.self), radix: 16) ?? .max
      return (value < 0x80 ? UInt8(value) : 0xFF, 6)
    case UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"),
      UInt8(ascii: "t"):
      return (UInt8(ascii: " "), 2)
    default: return (text[index + 1], 2)
    }
  }
}
