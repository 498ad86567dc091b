/// Styles what stands within one line of Markdown: code, emphasis, links, escapes.
///
/// It works on a line that may not have arrived whole: a construct that is still open is held back, so
/// that nothing once shown has to be taken back.
struct InlineMarkdown {
  private let line: ArraySlice<UInt8>
  /// Whether nothing follows on this line.
  private let isWhole: Bool
  /// The look around, as SGR sequences that are set again behind an inner one.
  private let base: String
  private var index: Int
  private var previous: UInt8
  private var styled = ""

  /// - Parameter previous: the byte before the line's text; a space at its start.
  private init(_ line: ArraySlice<UInt8>, isWhole: Bool, base: String, previous: UInt8) {
    self.line = line
    self.isWhole = isWhole
    self.base = base
    self.previous = previous
    index = line.startIndex
  }

  /// Styles as much of a line as can be told already.
  ///
  /// - Returns: the styled text, and how many bytes of the line it stands for.
  static func style(
    _ line: ArraySlice<UInt8>, isWhole: Bool, base: String = "", previous: UInt8 = 0x20
  ) -> (text: String, count: Int) {
    var inline = InlineMarkdown(line, isWhole: isWhole, base: base, previous: previous)
    while inline.index < line.endIndex, inline.takeNext() {}
    return (inline.styled, inline.index - line.startIndex)
  }

  /// Takes one construct; false where more of the line has to come first.
  private mutating func takeNext() -> Bool {
    let taken: Bool? =
      switch line[index] {
      case UInt8(ascii: "\\"): takeEscape()
      case UInt8(ascii: "`"): takeCode()
      case UInt8(ascii: "*"), UInt8(ascii: "_"), UInt8(ascii: "~"): takeEmphasis()
      case UInt8(ascii: "["): takeLink(from: index)
      case UInt8(ascii: "!"): takeImage()
      case UInt8(ascii: "<"): takeAutolink()
      default: takePlain()
      }
    guard let taken else {
      guard isWhole else { return false }
      return takeLiterally(run(at: index))
    }
    return taken || takeLiterally(run(at: index))
  }

  // Each returns true where it has taken a construct, false where the bytes are meant literally, nil
  // where that depends on what follows.

  private mutating func takePlain() -> Bool? {
    let end = line[index...].firstIndex { Self.isSpecial($0) } ?? line.endIndex
    return takeLiterally(end - index)
  }

  private mutating func takeEscape() -> Bool? {
    guard index + 1 < line.endIndex else { return nil }
    guard Self.isPunctuation(line[index + 1]) else { return false }
    index += 1
    return takeLiterally(1)
  }

  private mutating func takeCode() -> Bool? {
    let length = run(at: index)
    let start = index + length
    guard start < line.endIndex, let close = closingCode(from: start, length: length) else {
      return nil
    }
    take(line[start..<close], as: TerminalStyle.cyan.start, until: close + length, isCode: true)
    return true
  }

  private mutating func takeEmphasis() -> Bool? {
    let mark = line[index]
    let length = run(at: index)
    let start = index + length
    guard start < line.endIndex else { return nil }
    guard let style = Self.style(mark, length), line[start] > 0x20,
      mark != UInt8(ascii: "_") || !Self.isWord(previous)
    else { return false }
    guard let close = closingMark(mark, length, from: start) else { return nil }
    take(line[start..<close], as: style, until: close + length)
    return true
  }

  /// `[text](url "title")` becomes the text, underlined, and the URL.
  private mutating func takeLink(from open: Int) -> Bool? {
    let start = open + 1
    guard let close = matching(UInt8(ascii: "["), UInt8(ascii: "]"), from: start),
      close + 1 < line.endIndex
    else { return nil }
    guard line[close + 1] == UInt8(ascii: "("), close > start else { return false }
    guard let end = matching(UInt8(ascii: "("), UInt8(ascii: ")"), from: close + 2) else {
      return nil
    }
    let target = line[(close + 2)..<end].prefix { $0 != 0x20 }
    let url = String(decoding: target, as: UTF8.self)
    take(line[start..<close], as: TerminalStyle.underline.start, until: end + 1)
    if String(decoding: line[start..<close], as: UTF8.self) != url {
      styled += TerminalStyle.dim(" (\(url))") + base
    }
    return true
  }

  /// An image is shown as a link to it.
  private mutating func takeImage() -> Bool? {
    guard index + 1 < line.endIndex else { return nil }
    return line[index + 1] == UInt8(ascii: "[") ? takeLink(from: index + 1) : false
  }

  /// `<https://…>` becomes the URL, underlined.
  private mutating func takeAutolink() -> Bool? {
    let rest = line[(index + 1)...]
    guard let end = rest.firstIndex(where: { $0 <= 0x20 || $0 == UInt8(ascii: ">") }) else {
      return Self.mayBeURL(rest) ? nil : false
    }
    let url = rest[..<end]
    guard line[end] == UInt8(ascii: ">"), Self.schemes.contains(where: url.starts) else {
      return false
    }
    take(url, as: TerminalStyle.underline.start, until: end + 1, isCode: true)
    return true
  }

  private static let schemes = ["https://", "http://", "mailto:"].map { Array($0.utf8) }

  private static func mayBeURL(_ bytes: ArraySlice<UInt8>) -> Bool {
    schemes.contains { zip($0, bytes).allSatisfy { $0 == $1 } }
  }

  private mutating func take(
    _ inner: ArraySlice<UInt8>, as style: String, until end: Int, isCode: Bool = false
  ) {
    let text =
      isCode
      ? String(decoding: inner, as: UTF8.self)
      : Self.style(inner, isWhole: true, base: base + style).text
    styled += style + text + TerminalStyle.reset + base
    previous = line[end - 1]
    index = end
  }

  private mutating func takeLiterally(_ count: Int) -> Bool {
    let end = index + max(count, 1)
    styled += String(decoding: line[index..<end], as: UTF8.self)
    previous = line[end - 1]
    index = end
    return true
  }

  // MARK: Looking ahead

  /// How often the byte at an index is repeated there.
  private func run(at start: Int) -> Int {
    line[start...].prefix { $0 == line[start] }.count
  }

  /// The closing bracket that belongs to one before; nil where it has not come.
  private func matching(_ open: UInt8, _ close: UInt8, from start: Int) -> Int? {
    var depth = 0
    var index = start
    while index < line.endIndex {
      switch line[index] {
      case UInt8(ascii: "\\"): index += 1
      case open: depth += 1
      case close where depth == 0: return index
      case close: depth -= 1
      default: break
      }
      index += 1
    }
    return nil
  }

  private func closingCode(from start: Int, length: Int) -> Int? {
    var index = start
    while let next = line[index...].firstIndex(of: UInt8(ascii: "`")) {
      let found = run(at: next)
      // A run at the end may still grow.
      if next + found == line.endIndex, !isWhole { return found == length ? next : nil }
      if found == length { return next }
      index = next + found
    }
    return nil
  }

  private func closingMark(_ mark: UInt8, _ length: Int, from start: Int) -> Int? {
    var index = start
    while index < line.endIndex {
      switch line[index] {
      case UInt8(ascii: "\\"): index += 2
      case UInt8(ascii: "`"):
        let length = run(at: index)
        index = (closingCode(from: index + length, length: length) ?? index) + length
      case mark:
        let found = run(at: index)
        let end = index + found
        if end == line.endIndex, !isWhole { return nil }
        if found == length, line[index - 1] > 0x20, isClosing(mark, at: end) { return index }
        index = end
      default: index += 1
      }
    }
    return nil
  }

  private func isClosing(_ mark: UInt8, at end: Int) -> Bool {
    mark != UInt8(ascii: "_") || end == line.endIndex || !Self.isWord(line[end])
  }

  private static func style(_ mark: UInt8, _ length: Int) -> String? {
    switch (mark, length) {
    case (UInt8(ascii: "~"), 2): TerminalStyle.struck.start
    case (UInt8(ascii: "~"), _): nil
    case (_, 1): TerminalStyle.italic.start
    case (_, 2): TerminalStyle.bold.start
    case (_, 3): TerminalStyle.bold.start + TerminalStyle.italic.start
    default: nil
    }
  }

  private static func isSpecial(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "\\"), UInt8(ascii: "`"), UInt8(ascii: "*"), UInt8(ascii: "_"),
      UInt8(ascii: "~"), UInt8(ascii: "["), UInt8(ascii: "!"), UInt8(ascii: "<"):
      true
    default: false
    }
  }

  private static func isPunctuation(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: true
    default: false
    }
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    byte >= 0x80 || Character(Unicode.Scalar(byte)).isLetter || byte &- 0x30 < 10
  }
}
