/// Where a setting comes from.
package enum ConfigurationOrigin: Sendable, Equatable, CustomStringConvertible {
  case builtIn
  /// Line and column count from 1; 0 means the file as a whole.
  case file(String, line: Int, column: Int)
  /// The name of the variable.
  case environment(String)
  /// The flag with its dashes.
  case flag(String)

  package var description: String {
    switch self {
    case .builtIn: "default"
    case .file(let path, let line, _): line == 0 ? path : "\(path):\(line)"
    case .environment(let name): "environment \(name)"
    case .flag(let name): "flag \(name)"
    }
  }

  /// The file that it stands in.
  var path: String? {
    if case .file(let path, _, _) = self { path } else { nil }
  }

  /// As `description`, but with the column.
  package var position: String {
    guard case .file(let path, let line, let column) = self, line != 0 else { return description }
    return "\(path):\(line):\(column)"
  }
}
