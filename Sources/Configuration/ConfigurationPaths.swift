internal import Glibc

/// Whose daemon this is.
package enum ServiceMode: String, Sendable {
  /// One user's, in the user's directories.
  case user
  /// Every user's, under /etc, /var/lib and /run.
  case system

  /// Tells from systemd's variables whether a system unit started the process.
  package static func detect(environment: [String: String]) -> ServiceMode {
    let isSystem =
      firstPath(environment["STATE_DIRECTORY"])?.hasPrefix("/var/lib/") == true
      || firstPath(environment["CONFIGURATION_DIRECTORY"])?.hasPrefix("/etc/") == true
    return isSystem ? .system : .user
  }

  /// systemd lists several directories with colons between them; the first is ours.
  fileprivate static func firstPath(_ list: String?) -> String? {
    absolute(list?.split(separator: ":").first.map(String.init))
  }

  /// The XDG Base Directory Specification has relative paths ignored.
  fileprivate static func absolute(_ path: String?) -> String? {
    path?.hasPrefix("/") == true ? path : nil
  }
}

/// What the flags of halleyd say.
package struct ConfigurationOverrides: Sendable, Equatable {
  /// `--config`: this file is read, and no other one.
  package var configFile: String?
  /// `--state`
  package var stateDirectory: String?
  /// `--socket`
  package var socket: String?
  /// `--log-level`
  package var logLevel: String?

  package init(
    configFile: String? = nil, stateDirectory: String? = nil, socket: String? = nil,
    logLevel: String? = nil
  ) {
    self.configFile = configFile
    self.stateDirectory = stateDirectory
    self.socket = socket
    self.logLevel = logLevel
  }
}

/// Where files lie.
package struct ConfigurationPaths: Sendable, Equatable {
  package struct Place: Sendable, Equatable {
    package let path: String
    package let origin: ConfigurationOrigin
  }

  package let mode: ServiceMode
  /// Holds config.toml, conf.d, keys and templates.
  package let configDirectory: Place
  /// The only file to read, where `--config` names one.
  package let onlyFile: String?
  package let state: Place
  package let socket: Place
  /// systemd's credentials, where the service has some.
  package let credentialsDirectory: String?
  package let homeDirectory: String

  /// - Parameter homeDirectory: used where `$HOME` is not set.
  package init(
    mode: ServiceMode, environment: [String: String], overrides: ConfigurationOverrides = .init(),
    homeDirectory: String = "/"
  ) {
    self.mode = mode
    let home = ServiceMode.absolute(environment["HOME"]) ?? homeDirectory
    let places = mode == .user ? Self.user(environment, home) : Self.system(environment)
    self.homeDirectory = home
    onlyFile = overrides.configFile
    configDirectory =
      overrides.configFile.map { Place(path: Self.directory(of: $0), origin: .flag("--config")) }
      ?? places.config
    state =
      overrides.stateDirectory.map { Place(path: $0, origin: .flag("--state")) } ?? places.state
    socket =
      overrides.socket.map { Place(path: $0, origin: .flag("--socket")) }
      ?? environment["HALLEY_SOCKET"].flatMap { path in
        path.isEmpty ? nil : Place(path: path, origin: .environment("HALLEY_SOCKET"))
      } ?? places.socket
    credentialsDirectory = ServiceMode.absolute(environment["CREDENTIALS_DIRECTORY"])
  }

  package var configFile: String { onlyFile ?? configDirectory.path + "/config.toml" }
  package var dropInDirectory: String { configDirectory.path + "/conf.d" }
  package var keysDirectory: String { configDirectory.path + "/keys" }
  package var stateDirectory: String { state.path }
  package var database: String { state.path + "/halley.db" }

  private typealias Places = (config: Place, state: Place, socket: Place)

  private static func user(_ environment: [String: String], _ home: String) -> Places {
    let runtime = "/run/user/\(geteuid())/halley/halley.sock"
    return (
      place("XDG_CONFIG_HOME", environment, "/halley", else: "\(home)/.config/halley"),
      place("XDG_STATE_HOME", environment, "/halley", else: "\(home)/.local/state/halley"),
      place("XDG_RUNTIME_DIR", environment, "/halley/halley.sock", else: runtime)
    )
  }

  private static func system(_ environment: [String: String]) -> Places {
    (
      place("CONFIGURATION_DIRECTORY", environment, "", else: "/etc/halley"),
      place("STATE_DIRECTORY", environment, "", else: "/var/lib/halley"),
      place("RUNTIME_DIRECTORY", environment, "/halley.sock", else: "/run/halley/halley.sock")
    )
  }

  private static func place(
    _ variable: String, _ environment: [String: String], _ suffix: String, else standard: String
  ) -> Place {
    guard let path = ServiceMode.firstPath(environment[variable]) else {
      return Place(path: standard, origin: .builtIn)
    }
    return Place(path: path + suffix, origin: .environment(variable))
  }

  /// The directory of a file as dirname(3) tells it.
  static func directory(of file: String) -> String {
    guard let slash = file.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == file.startIndex ? "/" : String(file[..<slash])
  }
}
