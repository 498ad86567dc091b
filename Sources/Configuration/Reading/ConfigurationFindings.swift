internal import Wire

/// What one load finds: settings, mistakes, oddities.
///
/// One object passes through the reading of all tables, so that a load names every mistake.
final class ConfigurationFindings {
  /// A value from outside the files, as text.
  struct Text {
    let text: String
    let origin: ConfigurationOrigin
  }

  private(set) var errors: [ConfigurationError] = []
  private(set) var settings: [ConfigurationSetting] = []
  var warnings: [String] = []
  /// Whether a file could not be read: what seems to be missing may stand there.
  var isPartial = false
  let homeDirectory: String
  /// Where programs are looked for.
  let searchPath: String
  private let flags: [String: Text]
  private let environment: [String: String]
  private var variables: Set<String> = []

  init(environment: [String: String], flags: [String: Text], homeDirectory: String) {
    self.environment = environment
    self.flags = flags
    self.homeDirectory = homeDirectory
    searchPath = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
  }

  func refuse(_ error: ConfigurationError) {
    errors.append(error)
  }

  /// Refuses a mistake that shows only in all files together, unless one of them could not be read.
  func refuseWhole(_ error: ConfigurationError) {
    if !isPartial { errors.append(error) }
  }

  func record(
    _ table: [String], _ key: String, _ value: String, _ origin: ConfigurationOrigin
  ) {
    settings.append(ConfigurationSetting(table: table, key: key, value: value, origin: origin))
  }

  /// Returns what a flag or a variable says about a setting.
  func text(for path: [String]) -> Text? {
    let name = Self.variable(path)
    variables.insert(name)
    if let flag = flags[path.joined(separator: ".")] { return flag }
    guard let text = environment[name], !text.isEmpty else { return nil }
    return Text(text: text, origin: .environment(name))
  }

  /// `limits.drain` is set by `HALLEY_LIMITS_DRAIN`.
  static func variable(_ path: [String]) -> String {
    "HALLEY_" + path.joined(separator: "_").uppercased()
  }

  /// Returns where the value of a setting that was read comes from.
  func origin(of table: [String], _ key: String) -> ConfigurationOrigin {
    settings.first { $0.table == table && $0.key == key }?.origin ?? .builtIn
  }

  /// Warns about variables that look like settings and are none.
  func warnAboutUnknownVariables() {
    let known = variables.union(["HALLEY_SOCKET"])
    for name in environment.keys.sorted() where name.hasPrefix("HALLEY_") && !known.contains(name) {
      let nearest = closest(to: name, among: known.sorted())
      let hint = nearest.map { "; did you mean \($0)?" } ?? ""
      warnings.append("environment variable \(name) sets nothing\(hint)")
    }
  }
}
