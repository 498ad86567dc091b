/// Reads stdin line by line.
package final class LineReader {
  package enum Line: Equatable, Sendable {
    case text(String)
    /// Ctrl-C at a terminal; what was typed of the line is given up.
    case interrupted
    case end
  }

  package let isTerminal: Bool
  private let interrupts: Interrupts
  private let limit: InputLimit
  private var pending: [UInt8] = []
  /// Bytes of `pending` that hold no line end.
  private var searched = 0
  private var isAtEnd = false

  package init(_ limit: InputLimit, interrupts: Interrupts) {
    self.limit = limit
    self.interrupts = interrupts
    isTerminal = StandardInput.isTerminal
  }

  /// The next line without its end. Away from a terminal a signal ends the command.
  package func next() throws(Failure) -> Line {
    while true {
      if let end = pending[searched...].firstIndex(of: 0x0A) {
        defer {
          pending.removeFirst(end + 1)
          searched = 0
        }
        return .text(try Self.text(pending[..<end]))
      }
      searched = pending.count
      if isAtEnd {
        defer { (pending, searched) = ([], 0) }
        return pending.isEmpty ? .end : .text(try Self.text(pending[...]))
      }
      if let status = try StandardInput.readSome(
        into: &pending, limit, interrupts, &isAtEnd)
      {
        guard isTerminal, status == .interrupted else { throw Failure(status, "") }
        return .interrupted
      }
    }
  }

  private static func text(_ line: ArraySlice<UInt8>) throws(Failure) -> String {
    let line = line.last == 0x0D ? line.dropLast() : line
    return try FileContents.text(of: Array(line), from: "stdin")
  }
}
