/// One mistake in the configuration.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Where it stands.
  package let origin: ConfigurationOrigin
  /// The path of the key, as in `upstreams.local.base_url`; empty where a whole file is meant.
  package let key: String
  /// Never a secret.
  package let found: String
  package let expected: String
  /// The known name nearest to an unknown one.
  package let suggestion: String?

  package init(
    _ origin: ConfigurationOrigin, key: String = "", found: String, expected: String,
    suggestion: String? = nil
  ) {
    self.origin = origin
    self.key = key
    self.found = found
    self.expected = expected
    self.suggestion = suggestion
  }

  /// On one line, without what could be taken for another one.
  package var description: String {
    let subject = key.isEmpty ? "" : "\(key): "
    let hint = suggestion.map { "; did you mean \"\($0)\"?" } ?? ""
    return "\(origin.position): \(subject)found \(found), expected \(expected)\(hint)"
  }
}

/// All mistakes of one load, in the order of the files.
package struct ConfigurationErrors: Error, Sendable, Equatable, CustomStringConvertible {
  /// Never empty.
  package let errors: [ConfigurationError]

  package init(_ errors: [ConfigurationError]) {
    self.errors = errors
  }

  /// One line for each.
  package var description: String {
    errors.map(\.description).joined(separator: "\n")
  }

  /// What to do about them.
  package var hint: String { "correct it and check with: halley config check" }
}
