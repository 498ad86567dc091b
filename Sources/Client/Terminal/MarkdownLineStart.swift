/// Tells a Markdown line's kind from its first bytes (CommonMark, sections 4 and 5).
struct MarkdownLineStart {
  enum Kind {
    case heading
    case item(marker: String)
    case quote
    case rule
    case fence(Fence)
    /// A line that begins with a pipe, as those of tables do.
    case row
    case text
  }

  let kind: Kind
  /// The bytes that the start takes, the white space before it included.
  let count: Int
  let indent: String

  /// - Parameter line: as much of a line as has come, without its end; nil where its kind depends on
  ///   what follows.
  init?(_ line: ArraySlice<UInt8>, isWhole: Bool) {
    let rest = line.drop { $0 == 0x20 || $0 == 0x09 }
    let spaces = rest.startIndex - line.startIndex
    guard let first = rest.first else {
      guard isWhole else { return nil }
      self.init(.text, line.count, line)
      return
    }
    let found: (Kind, Int)?
    switch first {
    case UInt8(ascii: "#"): found = Self.heading(rest, isWhole)
    case UInt8(ascii: "`"), UInt8(ascii: "~"): found = Self.fence(rest, isWhole)
    case UInt8(ascii: "-"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "_"):
      found = Self.bulletOrRule(rest, isWhole)
    case UInt8(ascii: "0")...UInt8(ascii: "9"): found = Self.number(rest, isWhole)
    case UInt8(ascii: ">"): found = Self.quote(rest, isWhole)
    case UInt8(ascii: "|"): found = isWhole ? (.row, rest.count) : nil
    default: found = (.text, 0)
    }
    guard let (kind, count) = found else { return nil }
    self.init(kind, spaces + count, line[..<rest.startIndex])
  }

  private init(_ kind: Kind, _ count: Int, _ indent: ArraySlice<UInt8>) {
    self.kind = kind
    self.count = count
    self.indent = String(decoding: indent, as: UTF8.self)
  }

  private static func heading(_ rest: ArraySlice<UInt8>, _ isWhole: Bool) -> (Kind, Int)? {
    let level = rest.prefix { $0 == UInt8(ascii: "#") }.count
    guard let next = rest.dropFirst(level).first else { return isWhole ? (.text, 0) : nil }
    return next == 0x20 && level <= 6 ? (.heading, level + 1) : (.text, 0)
  }

  private static func fence(_ rest: ArraySlice<UInt8>, _ isWhole: Bool) -> (Kind, Int)? {
    let length = rest.prefix { $0 == rest.first }.count
    if length < 3 { return length < rest.count || isWhole ? (.text, 0) : nil }
    guard isWhole else { return nil }
    guard let fence = Fence(Array(rest)), fence.isOpening else { return (.text, 0) }
    return (.fence(fence), rest.count)
  }

  private static func bulletOrRule(_ rest: ArraySlice<UInt8>, _ isWhole: Bool) -> (Kind, Int)? {
    let marks = rest.filter { $0 == rest.first }.count
    let isRule =
      rest.allSatisfy { $0 == rest.first || $0 == 0x20 } && rest.first != UInt8(ascii: "+")
    if isRule, !isWhole { return nil }
    if isRule, marks >= 3 { return (.rule, rest.count) }
    guard rest.count > 1 else { return isWhole ? (.text, 0) : nil }
    let isBullet = rest[rest.startIndex + 1] == 0x20 && rest.first != UInt8(ascii: "_")
    return isBullet ? (.item(marker: "•"), 2) : (.text, 0)
  }

  private static func number(_ rest: ArraySlice<UInt8>, _ isWhole: Bool) -> (Kind, Int)? {
    let digits = rest.prefix { $0 &- UInt8(ascii: "0") < 10 }
    let tail = rest.dropFirst(digits.count)
    guard digits.count <= 9 else { return (.text, 0) }
    guard let mark = tail.first else { return isWhole ? (.text, 0) : nil }
    guard mark == UInt8(ascii: ".") || mark == UInt8(ascii: ")") else { return (.text, 0) }
    guard let space = tail.dropFirst().first else { return isWhole ? (.text, 0) : nil }
    guard space == 0x20 else { return (.text, 0) }
    let marker = String(decoding: rest.prefix(digits.count + 1), as: UTF8.self)
    return (.item(marker: marker), digits.count + 2)
  }

  private static func quote(_ rest: ArraySlice<UInt8>, _ isWhole: Bool) -> (Kind, Int)? {
    guard let next = rest.dropFirst().first else { return isWhole ? (.quote, 1) : nil }
    return (.quote, next == 0x20 ? 2 : 1)
  }
}
