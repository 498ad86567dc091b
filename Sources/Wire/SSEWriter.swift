package import JSON

/// Writes server-sent events (HTML standard, section 9.2.5) one behind the other, each as a chunk of
/// its own where the body is chunked (RFC 9112, section 7.1).
package struct SSEWriter: Sendable {
  /// What was written since it was taken last.
  package private(set) var bytes: [UInt8] = []
  private let isChunked: Bool

  package init(isChunked: Bool) {
    self.isChunked = isChunked
  }

  /// Writes an event.
  ///
  /// - Parameters:
  ///   - json: the data; line ends in it, which would end the field, become spaces.
  ///   - name: the event's name, left out where it has a line end in it.
  package mutating func event(_ json: RawJSON, named name: ArraySlice<UInt8>? = nil) {
    let data = json.onOneLine.bytes
    guard let name, !name.contains(where: \.isControl) else {
      return write(Self.data.count + data.count + 2) { bytes in
        bytes.append(contentsOf: Self.data)
        bytes.append(contentsOf: data)
        bytes.append(contentsOf: Self.end)
      }
    }
    let count = Self.event.count + name.count + 1 + Self.data.count + data.count + 2
    write(count) { bytes in
      bytes.append(contentsOf: Self.event)
      bytes.append(contentsOf: name)
      bytes.append(0x0A)
      bytes.append(contentsOf: Self.data)
      bytes.append(contentsOf: data)
      bytes.append(contentsOf: Self.end)
    }
  }

  /// Writes a comment, which shows that somebody is there.
  package mutating func keepAlive() {
    write(Self.comment.count) { $0.append(contentsOf: Self.comment) }
  }

  /// Writes what ends a stream of chat completions.
  package mutating func done() {
    write(Self.lastData.count) { $0.append(contentsOf: Self.lastData) }
  }

  /// Ends the body.
  package mutating func end() {
    if isChunked { bytes.append(contentsOf: Self.lastChunk) }
  }

  /// Hands out what was written.
  package mutating func take() -> ArraySlice<UInt8> {
    defer { bytes = [] }
    return bytes[...]
  }

  private static let event = Array("event: ".utf8)
  private static let data = Array("data: ".utf8)
  private static let end = Array("\n\n".utf8)
  private static let comment = Array(": keep-alive\n\n".utf8)
  private static let lastData = Array("data: [DONE]\n\n".utf8)
  private static let lastChunk = Array("0\r\n\r\n".utf8)

  /// - Parameter count: the bytes that are written, which are more than none: an empty chunk would be
  ///   the last one.
  private mutating func write(_ count: Int, _ body: (inout [UInt8]) -> Void) {
    guard isChunked else { return body(&bytes) }
    var shift = (Int.bitWidth - max(count, 1).leadingZeroBitCount - 1) / 4 * 4
    while shift >= 0 {
      let digit = UInt8(truncatingIfNeeded: count >> shift) & 0xF
      bytes.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
      shift -= 4
    }
    bytes.append(0x0D)
    bytes.append(0x0A)
    body(&bytes)
    bytes.append(0x0D)
    bytes.append(0x0A)
  }
}
