internal import Wire

/// One request as it was read.
struct HTTPRequest: Sendable {
  struct Header: Sendable {
    let name: String
    let value: String
  }

  let method: String
  /// The path without its query, as written.
  let path: String
  /// The parts of the path, decoded.
  let segments: [String]
  /// The query's pairs, decoded; of two with one key, the last.
  let query: [String: String]
  let headers: [Header]
  let body: [UInt8]
  /// Whether the peer wants to send another request on this connection.
  let isKeptAlive: Bool

  init(_ head: HTTPRequestHead, _ body: [UInt8]) {
    method = head.method
    path = String(head.target.text.prefix { $0 != "?" })
    segments = head.target.segments
    query = Dictionary(head.target.query.map { ($0.name, $0.value) }) { $1 }
    headers = head.fields.map {
      Header(
        name: String(decoding: $0.name, as: UTF8.self),
        value: String(decoding: $0.value, as: UTF8.self))
    }
    self.body = body
    isKeptAlive = head.isKeptAlive
  }

  /// Returns the value of a header, whose name is given in lower case.
  func header(_ name: String) -> String? {
    headers.last { $0.name.lowercased() == name }?.value
  }
}
