internal import Glibc

/// Reads the environment variables that `halley` looks at.
package enum Environment {
  /// Returns a variable's value; nil where it is unset or empty.
  package static func value(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    let text = unsafe String(cString: value)
    return text.isEmpty ? nil : text
  }

  /// The directory of the user's configuration (XDG base directories; relative paths don't count).
  package static var configurationDirectory: String? {
    if let directory = value("XDG_CONFIG_HOME"), directory.hasPrefix("/") {
      return directory + "/halley"
    }
    return value("HOME").map { $0 + "/.config/halley" }
  }
}
