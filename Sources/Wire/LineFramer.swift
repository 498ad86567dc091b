internal import JSON

/// Cuts a byte stream into lines that end with LF.
///
/// It works on bytes alone: CR LF is one Swift `Character`, and U+2028 is no line end here.
package struct LineFramer: Sendable {
  /// Thrown when a line grows past the limit. Nothing behind it can be trusted to be a request, so
  /// the connection has to be closed.
  package struct LineTooLong: Error, Equatable {
    package let maximumLineBytes: Int
  }

  private let maximumLineBytes: Int
  private var pending: [UInt8] = []
  private var isBroken = false

  /// - Parameter maximumLineBytes: bytes of one line without its LF.
  package init(maximumLineBytes: Int) {
    self.maximumLineBytes = maximumLineBytes
  }

  /// Bytes held back because their line has not ended yet.
  package var bufferedBytes: Int { pending.count }

  /// Takes what arrived and calls back with each line that it completes, without the LF.
  ///
  /// The slice is valid for as long as it is kept. Lines before an over-long one are delivered.
  package mutating func append(
    _ bytes: Span<UInt8>, line: (ArraySlice<UInt8>) -> Void
  ) throws(LineTooLong) {
    guard !isBroken else { throw LineTooLong(maximumLineBytes: maximumLineBytes) }
    var start = 0
    while start < bytes.count {
      let end = bytes.firstIndex(of: 0x0A, from: start)
      guard pending.count + (end - start) <= maximumLineBytes else {
        isBroken = true
        pending = []
        throw LineTooLong(maximumLineBytes: maximumLineBytes)
      }
      pending.append(contentsOf: bytes.extracting(start..<end))
      guard end < bytes.count else { return }
      let complete = pending
      pending = []
      line(complete[...])
      start = end + 1
    }
  }

  /// What stands behind the last LF when the stream ends; a line that was never ended.
  package mutating func takeRest() -> ArraySlice<UInt8> {
    defer { pending = [] }
    return pending[...]
  }
}
