/// A line that opens or closes a fenced code block: at least three backticks or tildes.
struct Fence {
  let byte: UInt8
  let length: Int
  /// Spaces before the fence.
  let indent: Int
  /// What stands behind the fence, as in "swift".
  let info: String

  /// - Parameter line: a line with or without its line end; nil where it is no fence.
  init?(_ line: [UInt8]) {
    indent = line.prefix { $0 == 0x20 }.count
    let rest = line.dropFirst(indent)
    guard let first = rest.first, first == UInt8(ascii: "`") || first == UInt8(ascii: "~") else {
      return nil
    }
    byte = first
    length = rest.prefix { $0 == first }.count
    guard length >= 3 else { return nil }
    var info = rest.dropFirst(length)
    while let last = info.last, last <= 0x20 { info = info.dropLast() }
    while let first = info.first, first <= 0x20 { info = info.dropFirst() }
    self.info = String(decoding: info, as: UTF8.self)
  }

  /// Backticks behind the fence would make it a code span.
  var isOpening: Bool { byte == UInt8(ascii: "~") || !info.utf8.contains(UInt8(ascii: "`")) }
  var isClosing: Bool { info.isEmpty }
}
