import ArgumentParser
import Configuration
import CSpawn
import EventLoop
import Glibc
import Plugins
import Service
import Wire

/// The options of halleyd(8), and its start.
@main
struct HalleyDaemon: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "halleyd",
    abstract: "The Responses API as a local service.",
    discussion: """
      Serves newline-delimited JSON-RPC on a Unix socket; see halley-protocol(7). systemd starts \
      it by its socket; by hand it binds the socket itself and logs to stderr.
      """,
    version: Version.notice)

  @Option(help: ArgumentHelp("Read this configuration file and no other.", valueName: "file"))
  var config: String?

  @Option(help: ArgumentHelp("Keep responses and conversations here.", valueName: "directory"))
  var state: String?

  @Option(help: ArgumentHelp("Listen on this Unix socket.", valueName: "path"))
  var socket: String?

  @Option(help: ArgumentHelp("error, warning, notice, info or debug.", valueName: "level"))
  var logLevel: String?

  @Flag(help: "Say whether the configuration is usable, and leave.")
  var checkConfig = false

  @Flag(help: "Print every setting with where it comes from, and leave.")
  var showConfig = false

  static func main() {
    PluginGuard.runIfNamed()
    // Before the first thread exists: threads inherit the mask.
    SignalSource.blockSignals()
    main(nil)
  }

  func run() throws {
    let loader = ConfigurationLoader(
      overrides: ConfigurationOverrides(
        configFile: config.map(absolute), stateDirectory: state.map(absolute),
        socket: socket.map(absolute), logLevel: logLevel))
    if checkConfig || showConfig { return try inspect(loader) }
    do {
      try serve(loader)
    } catch {
      fail("\(error)", status: 1)
    }
  }

  /// A path as it is meant where the program was started.
  private func absolute(_ path: String) -> String {
    guard !path.hasPrefix("/"), let directory = unsafe getcwd(nil, 0) else { return path }
    defer { unsafe free(directory) }
    return unsafe String(cString: directory) + "/" + path
  }

  // MARK: Serving

  private func serve(_ loader: ConfigurationLoader) throws {
    let mask = umask(0o077)
    halley_refuse_executable_memory()
    Memory.keepFreed()
    let journal = try Journal()
    let result = Result { () throws(ConfigurationErrors) in try loader.load() }
    let passed = inheritedSockets()
    var sockets = passed["halley"] ?? []
    if sockets.isEmpty {
      // By hand somebody reads stderr: say what is wrong and leave, rather than refuse requests.
      if case .failure(let errors) = result { fail("\(errors)", status: 78) }
      sockets = [try ListeningSocket.bind(path: loader.paths.socket.path)]
    }
    let holder = Holder()
    EventLoop.start { [sockets] in
      do {
        try holder.start(result, loader, journal, sockets, passed["http"] ?? [], mask)
      } catch {
        unsafe holder.failure = error
        EventLoop.stop()
      }
    }
    try EventLoop.run()
    journal.close()
    if let failure = unsafe holder.failure { throw failure }
  }

  /// Another start would find the same ones: 78 keeps the units from it.
  private func inheritedSockets() -> [String: [ListeningSocket]] {
    do {
      return try ListeningSocket.inherited(named: ["halley", "http"])
    } catch {
      fail("\(error)", status: 78)
    }
  }

  // MARK: Inspecting

  private func inspect(_ loader: ConfigurationLoader) throws {
    do throws(ConfigurationErrors) {
      let configuration = try loader.load()
      for warning in configuration.warnings + unconfinedPlugins(configuration) {
        write("halleyd: \(warning)\n", to: STDERR_FILENO)
      }
      if showConfig {
        return print(configuration.show(keys: APIKeys(paths: configuration.paths)))
      }
      let problems = APIKeys(paths: configuration.paths).problems(of: configuration)
      guard problems.isEmpty else { fail(problems.joined(separator: "\nhalleyd: "), status: 78) }
      let files =
        configuration.files.isEmpty ? "defaults" : configuration.files.joined(separator: ", ")
      print("ok: \(files)\n")
    } catch {
      fail("\(error)", status: 78)
    }
  }

  /// What plugins ask for and don't get where they are children of the daemon, as they are here.
  private func unconfinedPlugins(_ configuration: Configuration) -> [String] {
    guard !UserManager.isThere else { return [] }
    return configuration.plugins.compactMap { plugin in
      plugin.shortcomingAsChild.map { "[plugins.\(plugin.name)] \($0)" }
    }
  }

  private func print(_ text: String) {
    if write(text, to: STDOUT_FILENO) { return }
    fail("stdout can't be written: \(unsafe String(cString: strerror(errno)))", status: 1)
  }

  /// Whether all of it could be written.
  @discardableResult
  private func write(_ text: String, to descriptor: Int32) -> Bool {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = unsafe bytes.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
      }
      guard count > 0 else { return false }
      bytes = bytes.dropFirst(count)
    }
    return true
  }

  private func fail(_ message: String, status: Int32) -> Never {
    write("halleyd: \(message)\n", to: STDERR_FILENO)
    Glibc.exit(status)
  }
}

/// Keeps the daemon and its signal sources for as long as the loop runs.
@EventLoop
private final class Holder {
  private var daemon: Daemon?
  private var signals: [SignalSource] = []
  nonisolated(unsafe) var failure: (any Error)?

  nonisolated init() {}

  func start(
    _ configuration: Result<Configuration, ConfigurationErrors>, _ loader: ConfigurationLoader,
    _ journal: Journal, _ sockets: [ListeningSocket], _ http: [ListeningSocket], _ mask: mode_t
  ) throws {
    let daemon: Daemon
    switch configuration {
    case .success(let configuration):
      daemon = try Daemon(configuration, loader: loader, journal: journal, mask: mask)
    case .failure(let errors):
      daemon = try Daemon(
        Configuration(paths: loader.paths), errors: errors, loader: loader, journal: journal,
        mask: mask)
    }
    self.daemon = daemon
    signals = [
      try SignalSource(SIGTERM) { daemon.drain() },
      try SignalSource(SIGINT) { daemon.drain() },
      try SignalSource(SIGHUP) { EventLoop.start { _ = await daemon.reload() } },
    ]
    try daemon.start(on: sockets, http: http)
  }
}
