/// Turns the pieces of an answer into the bytes for stdout.
package struct AnswerRenderer {
  /// How the bytes relate to the answer's.
  package enum Look: Sendable {
    /// Byte for byte, and a line end behind the last where it has none.
    case plain
    /// Byte for byte and nothing else.
    case raw
    /// As plain, with control characters made harmless.
    case terminal
    /// For a terminal, with Markdown styled.
    case styled
  }

  private let look: Look
  private var block: FencedBlock?
  private var styler: MarkdownStyler
  private var lastByte: UInt8?

  /// - Parameters:
  ///   - columns: of the terminal; nil for as many as it takes.
  ///   - extractsCode: whether only one fenced code block is wanted.
  ///   - takesLast: whether that is the last one and not the first.
  package init(
    _ look: Look, columns: Int? = nil, extractsCode: Bool = false, takesLast: Bool = false
  ) {
    self.look = look
    styler = MarkdownStyler(columns: columns, wraps: columns != nil)
    block = extractsCode ? FencedBlock(takesLast: takesLast) : nil
  }

  /// Whether a code block was wanted and the answer has had none.
  package var lacksCode: Bool { block?.isFound == false }

  package mutating func append(_ text: String) -> [UInt8] {
    guard var block else { return render(Array(text.utf8)) }
    let code = block.append(Array(text.utf8))
    self.block = block
    return render(code)
  }

  /// Whether a word is held back until its end comes.
  package var holdsWord: Bool { look == .styled && styler.holdsWord }

  /// The part of a word that was held back.
  package mutating func release() -> [UInt8] { Array(styler.release().utf8) }

  /// Ends the answer, whole or not.
  package mutating func finish() -> [UInt8] {
    var bytes: [UInt8] = []
    if var block {
      bytes += render(block.finish())
      self.block = block
    }
    if look == .styled { bytes += Array(styler.finish().utf8) }
    if look != .raw, let lastByte, lastByte != 0x0A { bytes.append(0x0A) }
    lastByte = nil
    return bytes
  }

  private mutating func render(_ text: [UInt8]) -> [UInt8] {
    guard let last = text.last else { return [] }
    lastByte = last
    switch look {
    case .plain, .raw: return text
    case .terminal: return Array(safe(text).utf8)
    case .styled where block == nil: return Array(styler.append(safe(text)).utf8)
    case .styled: return Array(safe(text).utf8)
    }
  }

  private func safe(_ text: [UInt8]) -> String {
    TerminalText.safe(String(decoding: text, as: UTF8.self))
  }
}
