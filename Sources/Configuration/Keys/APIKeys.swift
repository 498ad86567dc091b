internal import Glibc
internal import Wire

/// Fetches the keys of upstreams. Every method may block: on a file, on a command for 30 seconds.
package struct APIKeys: Sendable {
  private let environment: [String: String]
  private let credentialsDirectory: String?
  private let keysDirectory: String
  private let commandDeadline: Duration

  /// - Parameter commandDeadline: long enough for somebody to type a passphrase.
  package init(
    paths: ConfigurationPaths, environment: [String: String] = ProcessEnvironment.current,
    commandDeadline: Duration = .seconds(30)
  ) {
    self.environment = environment
    self.commandDeadline = commandDeadline
    credentialsDirectory = paths.credentialsDirectory
    keysDirectory = paths.keysDirectory
  }

  /// Returns the key of an upstream; nil where it has none and needs none.
  package func resolve(_ upstream: UpstreamConfiguration) throws(KeyError) -> APIKey? {
    try resolve(upstream.keySource, isOptional: upstream.origin.isLoopback)
  }

  /// Returns what the upstream's proxy asks for, `user:password`; nil where it asks for nothing.
  package func proxyCredentials(of upstream: UpstreamConfiguration) throws(KeyError) -> APIKey? {
    guard let source = upstream.proxy?.credentialSource, let found = try resolve(source) else {
      return nil
    }
    let parts = found.secret.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty else {
      throw KeyError(
        .malformed, "proxy_auth of upstream \(upstream.name) (\(source)) has no user or no colon",
        hint: "it is one line, user:password")
    }
    return found
  }

  /// Refuses a private key of an upstream's client certificate that others may read.
  package func checkClientKey(of upstream: UpstreamConfiguration) throws(KeyError) {
    guard let path = upstream.clientKey ?? upstream.clientCertificate,
      try KeyFile.read(path, isPrivate: true) == nil
    else { return }
    throw KeyError(
      .notFound, "no file \(path)", hint: "client_certificate and client_key name PEM files")
  }

  /// Names what is there of keys and would be refused with each request. It runs no command, and
  /// passes over keys that are absent: another environment than this one's may have them.
  package func problems(of configuration: Configuration) -> [String] {
    configuration.upstreams.flatMap { upstream in
      [
        problem(of: upstream, passing: nil) { () throws(KeyError) in
          try checkClientKey(of: upstream)
        },
        problem(of: upstream, passing: .notFound) { () throws(KeyError) in
          if !upstream.keySource.isCommand { _ = try resolve(upstream) }
        },
        problem(of: upstream, passing: .notFound) { () throws(KeyError) in
          guard let source = upstream.proxy?.credentialSource, !source.isCommand else { return }
          _ = try proxyCredentials(of: upstream)
        },
      ].compactMap { $0 }
    }
  }

  private func problem(
    of upstream: UpstreamConfiguration, passing code: KeyError.Code?,
    _ body: () throws(KeyError) -> Void
  ) -> String? {
    do throws(KeyError) {
      try body()
      return nil
    } catch {
      return error.code == code
        ? nil : "\(TOMLText.path(["upstreams", upstream.name])): \(error)"
    }
  }

  /// - Parameter isOptional: whether `automatic` may find nothing.
  package func resolve(
    _ source: APIKeySource, isOptional: Bool = false
  ) throws(KeyError) -> APIKey? {
    switch source {
    case .none: return nil
    case .environment(let name): return try requireVariable(name)
    case .file(let path): return try requireFile(path)
    case .credential(let name): return try requireCredential(name)
    case .command(let arguments): return try command(arguments)
    case .automatic(let name):
      if let key = try find(name) { return key }
      if isOptional { return nil }
      throw KeyError(
        .notFound,
        "no key for upstream \(name): no systemd credential of that name, no"
          + " \(keyFile(name)), "
          + (holdsToken(Self.variable(name))
            ? "only a token of halleyd in environment variable \(Self.variable(name)),"
              + " which no upstream is sent"
            : "no environment variable \(Self.variable(name))"),
        hint: "run: halley keys set \(name)")
    }
  }

  /// Tells where a key comes from and whether it is there, without the key and without running a
  /// command.
  package func status(of upstream: UpstreamConfiguration) -> String {
    switch upstream.keySource {
    case .none: return "none needed"
    case .command(let arguments):
      let program = arguments.first ?? ""
      return Executable.find(program, in: "") == nil
        ? "\(program) is no program" : "asked of \(program) when needed"
    default: break
    }
    do throws(KeyError) {
      if try resolve(upstream) == nil { return "none found, none needed on loopback" }
      return "found in \(place(of: upstream.keySource))"
    } catch {
      return error.code == .notFound ? "not found" : error.message
    }
  }

  /// Where an upstream's key is read from, and the file where that is one. Never a key itself.
  package func origin(of upstream: UpstreamConfiguration) -> (text: String, file: String?) {
    switch upstream.keySource {
    case .automatic(let name) where hasCredential(name):
      (APIKeySource.credential(name).description, nil)
    case .automatic(let name): (APIKeySource.file(keyFile(name)).description, keyFile(name))
    case .file(let path): (upstream.keySource.description, path)
    default: (upstream.keySource.description, nil)
    }
  }

  /// Whether systemd passes a credential that comes before the key file.
  private func hasCredential(_ name: String) -> Bool {
    do throws(KeyError) { return try credential(name) != nil } catch { return true }
  }

  private func place(of source: APIKeySource) -> String {
    guard case .automatic(let name) = source else { return source.description }
    if let path = credentialFile(name), exists(path) { return "systemd credential \(name)" }
    return exists(keyFile(name)) ? keyFile(name) : "environment variable \(Self.variable(name))"
  }

  private func exists(_ path: String) -> Bool {
    unsafe access(path, F_OK) == 0
  }

  // MARK: By the name of the upstream

  /// The variable that an upstream's key is looked for in.
  package static func variable(_ upstream: String) -> String {
    switch upstream {
    case "cometapi": "COMETAPI_KEY"
    default: String(upstream.uppercased().map { $0 == "-" ? "_" : $0 }) + "_API_KEY"
    }
  }

  private func keyFile(_ name: String) -> String { "\(keysDirectory)/\(name)" }

  private func find(_ name: String) throws(KeyError) -> APIKey? {
    if let key = try credential(name) { return key }
    if let key = try file(keyFile(name)) { return key }
    return try variable(Self.variable(name))
  }

  // MARK: Environment

  /// A token of the daemon's own counts as nothing: `halley env` puts one where programs look for a
  /// key, and a shell that has it may start the daemon.
  private func variable(_ name: String) throws(KeyError) -> APIKey? {
    guard let text = environment[name], !text.isEmpty, !TokenText.looksLike(text.utf8) else {
      return nil
    }
    return try key(Array(text.utf8), from: "environment variable \(name)")
  }

  private func holdsToken(_ variable: String) -> Bool {
    TokenText.looksLike((environment[variable] ?? "").utf8)
  }

  private func requireVariable(_ name: String) throws(KeyError) -> APIKey {
    if let key = try variable(name) { return key }
    let what =
      holdsToken(name) ? "holds a token of halleyd, which no upstream is sent" : "is not set"
    throw KeyError(
      .notFound, "environment variable \(name) \(what)",
      hint: "set it for the daemon, not only for the shell, or run: halley keys set NAME")
  }

  // MARK: Credentials

  private func credentialFile(_ name: String) -> String? {
    credentialsDirectory.map { "\($0)/\(name)" }
  }

  /// Whose file it is and who may read it is systemd's business, and differs between versions.
  /// A blank one is the fallback that a unit has to name (`SetCredential=`), and means none.
  private func credential(_ name: String) throws(KeyError) -> APIKey? {
    guard let path = credentialFile(name), let bytes = try KeyFile.read(path, isPrivate: false)
    else { return nil }
    let trimmed = bytes.trimmingWhiteSpace()
    return trimmed.isEmpty ? nil : try key(trimmed, from: "systemd credential \(name)")
  }

  private func requireCredential(_ name: String) throws(KeyError) -> APIKey {
    if let key = try credential(name) { return key }
    let place = credentialsDirectory.map { "in \($0)" } ?? "($CREDENTIALS_DIRECTORY is not set)"
    throw KeyError(
      .notFound, "no systemd credential \(name) \(place)",
      hint: "add LoadCredential=\(name) to the unit, put the key where that looks, and restart")
  }

  // MARK: Files

  private func file(_ path: String) throws(KeyError) -> APIKey? {
    guard let bytes = try KeyFile.read(path, isPrivate: true) else { return nil }
    return try key(bytes.trimmingOneNewline(), from: path)
  }

  private func requireFile(_ path: String) throws(KeyError) -> APIKey {
    if let key = try file(path) { return key }
    throw KeyError(.notFound, "no file \(path)", hint: "write the key to it with mode 0600")
  }

  // MARK: Commands

  private func command(_ arguments: [String]) throws(KeyError) -> APIKey {
    let command = KeyCommand(
      arguments: arguments, environment: environment, deadline: commandDeadline)
    let output = try command.run()
    let line = output[..<(output.firstIndex(of: UInt8(ascii: "\n")) ?? output.endIndex)]
    return try key(
      (line + [UInt8(ascii: "\n")]).trimmingOneNewline(), from: "the output of \(arguments[0])")
  }

  private func key(_ bytes: some Collection<UInt8>, from place: String) throws(KeyError) -> APIKey {
    guard !TokenText.looksLike(bytes) else {
      throw KeyError(
        .malformed, "the key from \(place) is a token of halleyd, which no upstream is sent",
        hint: "put the upstream's own key there")
    }
    if let key = APIKey(bytes) { return key }
    let found =
      bytes.isEmpty
      ? "is empty"
      : bytes.count > APIKey.maximumBytes
        ? "is longer than \(APIKey.maximumBytes) bytes"
        : "holds a byte that is no visible ASCII character"
    throw KeyError(
      .malformed, "the key from \(place) \(found)",
      hint: "a key is one line of 1 to \(APIKey.maximumBytes) bytes from 0x21 to 0x7E")
  }
}

extension Collection<UInt8> {
  /// Without one LF or CRLF at the end.
  fileprivate func trimmingOneNewline() -> [UInt8] {
    var bytes = Array(self)
    if bytes.last == UInt8(ascii: "\n") {
      bytes.removeLast()
      if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
    }
    return bytes
  }

  fileprivate func trimmingWhiteSpace() -> [UInt8] {
    let isSpace: (UInt8) -> Bool = { " \t\r\n".utf8.contains($0) }
    return Array(Array(drop(while: isSpace)).reversed().drop(while: isSpace).reversed())
  }
}
