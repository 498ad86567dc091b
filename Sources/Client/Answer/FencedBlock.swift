/// Takes the first fenced code block out of a Markdown text that arrives in pieces (CommonMark,
/// section 4.5), or the last. A fence that is never closed ends with the text.
package struct FencedBlock {
  private enum State: Equatable {
    case before
    case inside(fence: UInt8, length: Int, indent: Int)
    case after
  }

  private var state = State.before
  private var line: [UInt8] = []
  private let takesLast: Bool
  /// The newest block, where the last is wanted.
  private var newest: [UInt8] = []
  private var hasBegun = false

  package init(takesLast: Bool = false) {
    self.takesLast = takesLast
  }

  /// Whether a block has begun.
  package var isFound: Bool { hasBegun }

  /// Takes a piece and returns the lines of the block that it completes; of the last block nothing,
  /// as another may follow.
  package mutating func append(_ text: [UInt8]) -> [UInt8] {
    let lines = take(text)
    guard takesLast else { return lines }
    newest += lines
    return []
  }

  private mutating func take(_ text: [UInt8]) -> [UInt8] {
    var block: [UInt8] = []
    for byte in text {
      line.append(byte)
      if byte == 0x0A { block += endLine() }
    }
    return block
  }

  /// Ends the text.
  package mutating func finish() -> [UInt8] {
    let rest = line.isEmpty ? [] : endLine()
    guard takesLast else { return rest }
    defer { newest = [] }
    return newest + rest
  }

  private mutating func endLine() -> [UInt8] {
    defer { line = [] }
    let fence = Fence(line)
    switch state {
    case .before:
      if let fence, fence.isOpening {
        state = .inside(fence: fence.byte, length: fence.length, indent: fence.indent)
        hasBegun = true
        newest = []
      }
      return []
    case .inside(let byte, let length, let indent):
      if let fence, fence.isClosing, fence.byte == byte, fence.length >= length {
        state = takesLast ? .before : .after
        return []
      }
      return Array(line.dropFirst(min(indent, line.prefix { $0 == 0x20 }.count)))
    case .after:
      return []
    }
  }
}
