package import JSON

/// One server-sent event (HTML standard, section 9.2.5) as the pieces of its lines, so that what is
/// large is never copied.
package struct SSEFrame: Sendable {
  package let pieces: [ArraySlice<UInt8>]
  /// The data; nil where it is no JSON.
  package let json: RawJSON?

  /// A comment, which shows that somebody is there.
  package static let keepAlive = SSEFrame(pieces: [Array(": keep-alive\n\n".utf8)[...]])
  /// What ends a stream of chat completions.
  package static let done = SSEFrame(pieces: [Array("data: [DONE]\n\n".utf8)[...]])

  private static let data = Array("data: ".utf8)[...]
  private static let end = Array("\n\n".utf8)[...]

  private init(pieces: [ArraySlice<UInt8>]) {
    self.pieces = pieces
    json = nil
  }

  /// - Parameters:
  ///   - json: the data; line ends in it, which would end the field, become spaces.
  ///   - type: the event's name, left out where it has a line end in it.
  package init(_ json: RawJSON, type: String? = nil) {
    var head = Self.data
    if let type, !type.utf8.contains(where: \.isControl) {
      head = Array("event: \(type)\ndata: ".utf8)[...]
    }
    let json = json.onOneLine
    self.json = json
    pieces = [head, json.bytes, Self.end]
  }

  /// Bytes.
  package var count: Int { pieces.reduce(0) { $0 + $1.count } }
}
