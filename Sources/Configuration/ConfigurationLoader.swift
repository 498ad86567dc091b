internal import Glibc

/// Reads the whole configuration: defaults, /etc, the user's file, drop-ins, environment, flags.
///
/// It reads files and looks programs up in `PATH`; it changes nothing, and fetches no key.
package struct ConfigurationLoader: Sendable {
  package let paths: ConfigurationPaths
  private let environment: [String: String]
  private let overrides: ConfigurationOverrides
  private let sharedDirectory: String

  /// - Parameter sharedDirectory: holds what counts for every user's daemon.
  package init(
    mode: ServiceMode? = nil, environment: [String: String] = ProcessEnvironment.current,
    overrides: ConfigurationOverrides = .init(), sharedDirectory: String = "/etc/halley"
  ) {
    self.sharedDirectory = sharedDirectory
    self.environment = environment
    self.overrides = overrides
    paths = ConfigurationPaths(
      mode: mode ?? ServiceMode.detect(environment: environment), environment: environment,
      overrides: overrides, homeDirectory: ProcessEnvironment.homeDirectory)
  }

  package static func load(
    mode: ServiceMode? = nil, environment: [String: String] = ProcessEnvironment.current,
    overrides: ConfigurationOverrides = .init()
  ) throws(ConfigurationErrors) -> Configuration {
    try ConfigurationLoader(mode: mode, environment: environment, overrides: overrides).load()
  }

  /// Takes all of it or names everything that is wrong.
  ///
  /// A file for everybody that has a mistake is left out with a warning: no user could mend it.
  package func load() throws(ConfigurationErrors) -> Configuration {
    var leftOut: [ConfigurationError] = []
    while true {
      let findings = ConfigurationFindings(
        environment: environment, flags: flags, homeDirectory: paths.homeDirectory)
      var configuration = read(findings, without: Set(leftOut.compactMap(\.origin.path)))
      let shared = findings.errors.filter { $0.origin.path.map(isShared) == true }
      guard shared.isEmpty else {
        leftOut += shared
        continue
      }
      guard findings.errors.isEmpty else {
        throw ConfigurationErrors(sorted(leftOut + findings.errors, by: configuration.files))
      }
      configuration.warnings = findings.warnings + leftOut.map { "\($0); the file was left out" }
      return configuration
    }
  }

  private func read(
    _ findings: ConfigurationFindings, without leftOut: Set<String>
  ) -> Configuration {
    let (files, root) = readFiles(findings, without: leftOut)
    var configuration = Configuration(paths: paths)
    var table = TableReader(
      path: [], table: root, origin: .builtIn, findings: findings, takesText: true)
    configuration.read(&table)
    findings.warnAboutUnknownVariables()
    configuration.files = files
    configuration.settings = findings.settings
    return configuration
  }

  private var flags: [String: ConfigurationFindings.Text] {
    guard let level = overrides.logLevel else { return [:] }
    return ["log.level": .init(text: level, origin: .flag("--log-level"))]
  }

  // MARK: Files

  private struct Candidate {
    let path: String
    /// Whether it has to be there.
    var isRequired = false
  }

  /// Whether a file is another's than this user's: /etc/halley belongs to the system's daemon.
  private func isShared(_ path: String) -> Bool {
    readsShared && (path == sharedFile || path.hasPrefix(sharedDropIns))
  }

  private var readsShared: Bool {
    paths.onlyFile == nil && paths.mode == .user && paths.configDirectory.path != sharedDirectory
  }

  private var sharedFile: String { sharedDirectory + "/config.toml" }
  private var sharedDropIns: String { sharedDirectory + "/conf.d" }

  private func readFiles(
    _ findings: ConfigurationFindings, without leftOut: Set<String>
  ) -> (files: [String], root: TOMLTable) {
    var root = TOMLTable()
    var files: [String] = []
    for candidate in candidates(findings) where !leftOut.contains(candidate.path) {
      do throws(ConfigurationFile.Failure) {
        let bytes = try ConfigurationFile.read(candidate.path)
        files.append(candidate.path)
        root.merge(try parse(bytes, candidate.path))
      } catch {
        note(error, candidate, findings)
      }
    }
    return (files, root)
  }

  private func parse(
    _ bytes: [UInt8], _ path: String
  ) throws(ConfigurationFile.Failure) -> TOMLTable {
    do throws(ConfigurationError) {
      return try TOMLDocument.parse(bytes, path: path)
    } catch {
      throw .other(error)
    }
  }

  private func note(
    _ failure: ConfigurationFile.Failure, _ candidate: Candidate, _ findings: ConfigurationFindings
  ) {
    switch failure {
    case .missing where !candidate.isRequired:
      return
    case .denied where isShared(candidate.path):
      findings.warnings.append("\(candidate.path) was left out: permission denied")
    case .missing:
      refuse(ConfigurationFile.refusal(candidate.path, "no such file"), findings)
    case .denied:
      refuse(
        ConfigurationFile.refusal(
          candidate.path, "a file that can't be opened (permission denied)"),
        findings)
    case .other(let error):
      refuse(error, findings)
    }
  }

  private func refuse(_ error: ConfigurationError, _ findings: ConfigurationFindings) {
    findings.isPartial = true
    findings.refuse(error)
  }

  private func candidates(_ findings: ConfigurationFindings) -> [Candidate] {
    if let file = paths.onlyFile { return [Candidate(path: file, isRequired: true)] }
    let own =
      [Candidate(path: paths.configFile)]
      + dropIns(paths.dropInDirectory, findings).map { Candidate(path: $0) }
    guard readsShared else { return own }
    let isReadable = unsafe access(sharedDropIns, R_OK | X_OK) == 0
    let shared = [sharedFile] + (isReadable ? dropIns(sharedDropIns, findings) : [])
    return shared.map { Candidate(path: $0) } + own
  }

  private func dropIns(_ directory: String, _ findings: ConfigurationFindings) -> [String] {
    do throws(ConfigurationError) {
      return try ConfigurationFile.dropIns(directory)
    } catch {
      refuse(error, findings)
      return []
    }
  }

  /// Puts errors into the order in which somebody reads the files.
  private func sorted(
    _ errors: [ConfigurationError], by files: [String]
  ) -> [ConfigurationError] {
    func rank(_ error: ConfigurationError) -> (Int, Int, Int) {
      guard case .file(let path, let line, let column) = error.origin else { return (.max, 0, 0) }
      return (files.firstIndex(of: path) ?? files.count, line, column)
    }
    return errors.enumerated().sorted { left, right in
      let (before, after) = (rank(left.element), rank(right.element))
      return before == after ? left.offset < right.offset : before < after
    }.map(\.element)
  }
}
