internal import Wire

/// Prints the configuration for people, as TOML with the origin of each value behind it.
enum ConfigurationText {
  /// Stands where a value may be a secret.
  static let hidden = "\"(hidden)\""

  /// Lines up the comments behind values of ordinary length.
  private static let commentColumn = 44

  static func text(
    _ configuration: Configuration, keyStatus: (UpstreamConfiguration) -> String
  ) -> String {
    var lines = head(configuration)
    var table: [String] = []
    for setting in ordered(configuration.settings) {
      if setting.table != table {
        table = setting.table
        lines += ["", "[\(TOMLText.path(table))]"]
      }
      lines.append(line(setting, configuration, keyStatus))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func head(_ configuration: Configuration) -> [String] {
    let paths = configuration.paths
    let files = configuration.files
    return [
      "# mode      \(paths.mode.rawValue)",
      "# files     \(files.isEmpty ? "none" : files.joined(separator: ", "))",
      "# database  \(paths.database) (\(paths.state.origin))",
      "# socket    \(paths.socket.path) (\(paths.socket.origin))",
      "# keys      \(paths.keysDirectory)",
    ] + configuration.warnings.map { "# warning   \($0)" } + [""]
  }

  /// Groups the settings by table in the order in which tables appear; those at the top come first.
  private static func ordered(_ settings: [ConfigurationSetting]) -> [ConfigurationSetting] {
    var tables: [[String]] = [[]]
    for setting in settings where !tables.contains(setting.table) { tables.append(setting.table) }
    return tables.flatMap { table in settings.filter { $0.table == table } }
  }

  private static func line(
    _ setting: ConfigurationSetting, _ configuration: Configuration,
    _ keyStatus: (UpstreamConfiguration) -> String
  ) -> String {
    let upstream =
      setting.table.first == "upstreams" && setting.key == "api_key"
      ? setting.table.last.flatMap(configuration.upstream(named:)) : nil
    let status = upstream.map { "; " + keyStatus($0) } ?? ""
    let value =
      setting.value.isEmpty ? "# api_key" : "\(TOMLText.key(setting.key)) = \(setting.value)"
    let padding = String(repeating: " ", count: max(commentColumn - value.count, 2))
    return "\(value)\(padding)# \(setting.origin)\(status)"
  }
}

extension Configuration {
  /// Prints every setting with where it comes from. Secrets are never shown, only whether a key
  /// can be found.
  package func show(keys: APIKeys) -> String {
    ConfigurationText.text(self) { keys.status(of: $0) }
  }
}
