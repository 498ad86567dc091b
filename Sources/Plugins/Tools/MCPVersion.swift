/// Versions of the Model Context Protocol (modelcontextprotocol.io), named by their dates.
enum MCPVersion {
  /// The one in which each request says the version and nothing is agreed on beforehand.
  static let stateless = "2026-07-28"

  /// Those that begin with `initialize`, the newest first; tools are the same in all of them.
  static let handshake = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]

  /// The error of a server that does not speak the version of a request.
  static let unsupportedVersion = -32022
  static let methodNotFound = -32601
}
