/// One request as it was read.
struct HTTPRequest: Sendable {
  struct Header: Sendable {
    let name: String
    let value: String
  }

  let method: String
  /// The path without its query, as written.
  let path: String
  /// The query's pairs, decoded; of two with one key, the last.
  let query: [String: String]
  let headers: [Header]
  let body: [UInt8]
  /// Whether the peer wants to send another request on this connection.
  let isKeptAlive: Bool

  /// Returns the value of a header, whose name is given in lower case.
  func header(_ name: String) -> String? {
    headers.last { $0.name.lowercased() == name }?.value
  }
}
