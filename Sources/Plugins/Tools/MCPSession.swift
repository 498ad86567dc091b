internal import JSON
internal import Wire

/// What a client and a server that runs have agreed on.
struct MCPSession: Sendable {
  enum Era: Sendable {
    /// Begun by `initialize`.
    case handshake
    /// Each request carries the version, the client and its capabilities in `_meta`.
    case stateless
  }

  let era: Era
  /// Whether the server tells when its tools change.
  let announcesChanges: Bool

  /// Returns the parameters as this era wants them.
  ///
  /// - Parameter progressToken: where progress is to be told.
  func parameters(_ params: RawJSON, progressToken: Int? = nil) -> RawJSON {
    guard era == .stateless || progressToken != nil else { return params }
    return params.setting(
      "_meta",
      to: .object { meta in
        if let progressToken { meta.member("progressToken", progressToken) }
        guard era == .stateless else { return }
        meta.member("io.modelcontextprotocol/protocolVersion", MCPVersion.stateless)
        meta.member("io.modelcontextprotocol/clientInfo", Self.clientInfo)
        meta.member("io.modelcontextprotocol/clientCapabilities", .emptyObject)
      })
  }

  static var clientInfo: RawJSON {
    .object {
      $0.member("name", "halleyd")
      $0.member("version", Version.text)
    }
  }
}
