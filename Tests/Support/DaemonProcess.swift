internal import Glibc
package import JSON

/// A real `halleyd` with a socket, a configuration and a state directory of its own.
package final class DaemonProcess {
  package let scratch: Scratch
  package let socketPath: String
  package let configurationPath: String
  private let process: ChildProcess

  /// Starts a daemon and waits until its socket takes connections.
  ///
  /// - Parameters:
  ///   - configuration: the text of config.toml.
  ///   - environment: beside PATH and HOME.
  package convenience init(
    _ configuration: String, environment: [String: String] = [:], arguments: [String] = [],
    scratch: Scratch? = nil
  ) throws {
    try self.init(
      starting: configuration, environment: environment, arguments: arguments, scratch: scratch)
    try awaitSocket()
  }

  /// Starts a daemon with one upstream that answers at a simulator.
  ///
  /// - Parameters:
  ///   - upstream: further lines of the upstream's table.
  ///   - rest: what follows it in config.toml.
  package convenience init(
    _ simulator: Simulator, upstream: String = "", rest: String = "",
    environment: [String: String] = [:], scratch: Scratch? = nil
  ) throws {
    try self.init(
      Self.configuration(simulator, upstream: upstream, rest: rest), environment: environment,
      scratch: scratch)
  }

  /// Starts a daemon that need not come up.
  package init(
    starting configuration: String, environment: [String: String] = [:],
    arguments: [String] = [], scratch: Scratch? = nil
  ) throws {
    let scratch = try scratch ?? Scratch()
    self.scratch = scratch
    socketPath = "\(scratch.path)/s/halley.sock"
    configurationPath = try scratch.write("config.toml", configuration)
    process = try ChildProcess(
      [
        try Binaries.path(of: "halleyd"), "--config", configurationPath, "--state",
        "\(scratch.path)/state", "--socket", socketPath,
      ] + arguments, environment: environment)
  }

  /// The text of a config.toml whose one upstream, `simulator`, is a simulator.
  ///
  /// Without a table [cache] in `rest` there is no cache: most tests ask the same thing again to see
  /// the upstream answer again.
  package static func configuration(
    _ simulator: Simulator, upstream: String = "", rest: String = ""
  ) -> String {
    let authority = simulator.authority.map { "ca_file = \"\($0)\"\n" } ?? ""
    let cache = rest.contains("[cache]") ? "" : "[cache]\nenabled = false\n"
    let key = upstream.contains("api_key") ? "" : "api_key = { none = true }\n"
    return """
      default_upstream = "simulator"
      [upstreams.simulator]
      base_url = "\(simulator.baseURL)"
      models = ["*"]
      \(authority)\(key)\(upstream)
      \(rest)
      \(cache)
      """
  }

  // MARK: Its life

  private func awaitSocket() throws {
    do {
      try Wait.until("the daemon's socket") {
        guard process.isRunning else { throw SupportError("the daemon has ended") }
        do { _ = try SocketClient(socketPath, of: self) } catch is SupportError { return false }
        return true
      }
    } catch {
      throw SupportError("\(error); its stderr: \(process.errorText)")
    }
  }

  /// Opens a connection that keeps the daemon running.
  package func connect() throws -> SocketClient { try SocketClient(socketPath, of: self) }

  /// Sends SIGTERM and waits for the end.
  package func stop() throws -> ChildProcess.Ended {
    process.signal(SIGTERM)
    return try process.wait()
  }

  package func signal(_ number: Int32) { process.signal(number) }

  /// Waits for an end that was caused otherwise.
  package func wait() throws -> ChildProcess.Ended { try process.wait() }

  /// Ends it as a crash would.
  package func kill() throws {
    process.signal(SIGKILL)
    _ = try process.wait()
  }

  package var isRunning: Bool { process.isRunning }

  /// Of a daemon whose configuration has a table [http].
  package var httpSocketPath: String { "\(scratch.path)/s/http.sock" }

  /// A client that speaks HTTP.
  /// The socket for lines is there a moment before.
  package func connectByHTTP() throws -> HTTPSocketClient {
    var client: HTTPSocketClient?
    try Wait.until("\(httpSocketPath)") {
      // An address is bound before it is listened on.
      do {
        client = try HTTPSocketClient(self)
      } catch {
        guard process.isRunning else { throw error }
      }
      return client != nil
    }
    guard let client else { throw SupportError("nobody listens at \(httpSocketPath)") }
    return client
  }

  // MARK: What is known of it

  package var identifier: Int32 { process.identifier }
  package var figures: ProcessFigures { ProcessFigures(process.identifier) }
  /// What it wrote to stderr.
  package var log: String { process.errorText }

  /// The result of `daemon.status`.
  package func status() throws -> RawJSON {
    let answer = try connect().call(1, "daemon.status")
    guard let result = answer.result else { throw SupportError(answer.message.text) }
    return result
  }

  /// Replaces config.toml, to be read again.
  package func writeConfiguration(_ text: String) throws {
    try scratch.write("config.toml", text)
  }
}
