/// Where the key of an upstream comes from. Never a key itself.
package enum APIKeySource: Sendable, Equatable {
  case environment(String)
  /// An absolute path.
  case file(String)
  /// Arguments, the first an absolute path; no shell reads them.
  case command([String])
  /// A credential that systemd passes to the service (`LoadCredential=`).
  case credential(String)
  /// Credential, key file or environment variable, found by the name of the upstream.
  case automatic(String)
  case none

  /// Whether a program is run for it.
  package var isCommand: Bool { if case .command = self { true } else { false } }
}

extension APIKeySource: CustomStringConvertible {
  package var description: String {
    switch self {
    case .environment(let name): "environment variable \(name)"
    case .file(let path): "file \(path)"
    case .command(let arguments): "command \(arguments.first ?? "")"
    case .credential(let name): "systemd credential \(name)"
    case .automatic(let name): "automatic for \(name)"
    case .none: "none"
    }
  }
}
