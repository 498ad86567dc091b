package import Configuration

/// What of the daemon's environment a plugin is given.
///
/// It is built from nothing: keys, `CREDENTIALS_DIRECTORY`, `NOTIFY_SOCKET`, `LISTEN_*` and whatever
/// else surrounds the daemon are not in it. What a plugin needs beyond stands in its `env`.
package enum PluginEnvironment {
  /// Who and where the user is, in what language and time. `XDG_RUNTIME_DIR` is where the session's
  /// bus is found, for notifications, and it names nothing that the plugin's uid could not reach.
  private static let passed: Set<String> = [
    "HOME", "LANG", "LOGNAME", "PATH", "TZ", "USER", "XDG_RUNTIME_DIR",
  ]
  private static let passedPrefix = "LC_"
  /// For a daemon that has none itself.
  private static let usualPath = "/usr/local/bin:/usr/bin:/bin"

  /// Returns the variables as execve(2) takes them, in the order of their names.
  ///
  /// - Parameter surrounding: the daemon's environment.
  package static func variables(
    for plugin: PluginConfiguration, in surrounding: [String: String]
  ) -> [String] {
    var variables = surrounding.filter {
      passed.contains($0.key) || $0.key.hasPrefix(passedPrefix)
    }
    if variables["PATH"] == nil { variables["PATH"] = usualPath }
    for variable in plugin.environment { variables[variable.name] = variable.value }
    return variables.map { "\($0.key)=\($0.value)" }.sorted()
  }
}
