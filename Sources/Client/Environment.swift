internal import Glibc

/// Reads the environment variables that `halley` looks at.
package enum Environment {
  /// Returns a variable's value; nil where it is unset or empty.
  package static func value(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    let text = unsafe String(cString: value)
    return text.isEmpty ? nil : text
  }

  /// The directory of the user's configuration.
  package static var configurationDirectory: String? {
    directory("XDG_CONFIG_HOME", else: ".config")
  }

  /// The directory of what the user's programs remember.
  package static var stateDirectory: String? {
    directory("XDG_STATE_HOME", else: ".local/state")
  }

  /// A base directory by XDG's rule that relative paths don't count.
  private static func directory(_ variable: String, else usual: String) -> String? {
    if let directory = value(variable), directory.hasPrefix("/") { return directory + "/halley" }
    return value("HOME").map { "\($0)/\(usual)/halley" }
  }
}
