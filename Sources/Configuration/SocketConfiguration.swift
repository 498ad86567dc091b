/// A socket for programs that are not trusted, such as those in a container: `[sockets.NAME]`.
package struct SocketConfiguration: Sendable, Equatable {
  package enum Proto: String, Sendable, CaseIterable {
    /// JSON-RPC lines.
    case rpc
    case http
  }

  package let name: String
  /// An absolute path of at most 107 bytes.
  package var path: String
  package var proto = Proto.rpc
  /// Of the socket's file.
  package var mode: UInt32 = 0o600
  /// What may be spent in a day; nil for any.
  package var budget: NanoDollars?
  /// nil for all.
  package var models: [Glob]?
  /// Of the daemon's tools.
  package var tools: [Glob] = []

  package init(name: String, path: String) {
    self.name = name
    self.path = path
  }
}
