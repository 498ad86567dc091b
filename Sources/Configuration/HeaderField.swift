internal import Wire

/// What a header of the configuration may be (RFC 9110, section 5).
package enum HeaderField {
  /// Headers that frame the message, belong to the connection, or are the daemon's to set.
  private static let reserved: Set<String> = [
    "accept", "accept-encoding", "authorization", "connection", "expect", "host", "keep-alive",
    "te", "trailer", "transfer-encoding", "upgrade",
  ]

  /// Says what a name must be where it is none; nil for a good one.
  static func problem(name: String, among others: [String]) -> String? {
    let lower = name.lowercased()
    if !isToken(name) || name.utf8.count > 128 {
      return "a header name: 1 to 128 of A-Z a-z 0-9 and !#$%&'*+-.^_`|~"
    }
    if reserved.contains(lower) || lower.hasPrefix("content-") || lower.hasPrefix("proxy-") {
      return "a header that the daemon does not set itself; a key belongs into api_key"
    }
    if others.contains(where: { $0.lowercased() == lower }) {
      return "each header once, and not key_header's; upper and lower case are the same"
    }
    return nil
  }

  /// Whether a header of this name carries what logs in.
  package static func isSecret(_ name: String) -> Bool {
    let lower = name.lowercased()
    return ["auth", "cookie", "key", "password", "secret", "token"].contains { lower.contains($0) }
  }

  /// Whether a value is, or ends in, a token of the daemon's own.
  static func holdsToken(_ value: String) -> Bool {
    value.split(separator: " ").contains { TokenText.looksLike($0.utf8) }
  }

  private static func isToken(_ name: String) -> Bool {
    !name.isEmpty
      && name.utf8.allSatisfy { $0.isASCIILetterOrDigit || "!#$%&'*+-.^_`|~".utf8.contains($0) }
  }

  /// Tells whether a value holds visible ASCII and spaces only: a line end would begin a new header.
  static func isValue(_ value: String) -> Bool {
    value.utf8.count <= 4096 && value.utf8.allSatisfy { 0x20...0x7E ~= $0 }
  }
}

extension SettingType where Value == String {
  /// A header that may carry a key.
  static var keyHeader: SettingType {
    text("the name of a header that the daemon does not set itself, such as \"api-key\"") { name in
      HeaderField.problem(name: name, among: []) == nil
        || name.lowercased() == UpstreamConfiguration.standardKeyHeader.lowercased()
    }
  }
}
