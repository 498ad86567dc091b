internal import Glibc
package import JSON

/// The project's offline upstream on a port of its own.
package final class Simulator {
  package let baseURL: String
  /// What to trust to reach it over TLS.
  package let authority: String?
  /// How often it was asked here since the counters began.
  private var asked = 0
  private let process: ChildProcess
  private let scratch: Scratch

  package init(isSecure: Bool = false, arguments: [String] = []) throws {
    scratch = try Scratch()
    var command = [
      try Binaries.path(of: "halley-simulator"), "--exit-with-stdin", "--quiet", "--script",
      scratch.path,
    ]
    var authority: String?
    if isSecure {
      let certificate = try Certificate(in: scratch)
      command += ["--certificate", certificate.path, "--private-key", certificate.keyPath]
      authority = certificate.path
    }
    self.authority = authority
    process = try ChildProcess(command + arguments, input: .open, readsOutput: true)
    let line = try RawJSON(parsing: try process.readLine())
    guard let url = line["base_url"]?.string else {
      throw SupportError("the simulator said \(line.text)")
    }
    baseURL = url
  }

  /// Address and port, as in `127.0.0.1:4711`.
  package var address: String {
    String(baseURL.split(separator: "/")[1])
  }

  /// Leaves a file for requests whose metadata names it as their `script`.
  package func writeScript(_ name: String, _ bytes: [UInt8]) throws {
    try scratch.write(name, bytes)
  }

  /// Ends it: its port refuses connections from now on.
  package func stop() throws {
    process.closeInput()
    _ = try process.wait()
  }

  // MARK: What it saw

  /// Its counters; over TLS, reading them is a connection with a handshake too.
  package func stats() throws -> RawJSON { try get("/_simulator/stats") }

  package func count(_ name: String) throws -> Int {
    guard let value = try stats()[name]?.integer else { throw SupportError("no counter \(name)") }
    return Int(value)
  }

  /// The TLS handshakes with others than the one who asks here.
  package func handshakes() throws -> Int { try count("tls_handshakes") - asked }

  /// The bodies of the creates, the oldest first.
  package func bodies() throws -> [RawJSON] {
    try requests().filter { $0["path"]?.string == "/v1/responses" }
      .map { try RawJSON(parsing: $0["body"]?.string ?? "") }
  }

  /// The latest requests, the oldest first.
  package func requests() throws -> [RawJSON] {
    try get("/_simulator/requests")["data"]?.elements ?? []
  }

  package func reset() throws {
    _ = try ask("POST", "/_simulator/reset")
    asked = 0
  }

  private func get(_ path: String) throws -> RawJSON { try ask("GET", path) }

  private func ask(_ method: String, _ path: String) throws -> RawJSON {
    asked += 1
    let request = """
      \(method) \(path) HTTP/1.1\r\nHost: \(address)\r\nConnection: close\r\n\
      Content-Length: 0\r\n\r\n
      """
    let answer =
      authority == nil
      ? try LoopbackConnection(address).exchange(request)
      : try run(
        ["openssl", "s_client", "-quiet", "-ign_eof", "-no_ticket", "-connect", address],
        input: request
      ).output
    guard let body = answer.firstRange(of: "\r\n\r\n") else {
      throw SupportError("the simulator answered \(answer)")
    }
    return try RawJSON(
      parsing: Array(answer[body.upperBound...].utf8)[...], limits: .relayed)
  }
}

/// A certificate that signs itself.
package struct Certificate {
  package let path: String
  package let keyPath: String

  /// - Parameter subject: whom it is for, as `subjectAltName` spells it.
  package init(
    in scratch: Scratch, name: String = "tls", subject: String = "IP:127.0.0.1"
  ) throws {
    path = "\(scratch.path)/\(name).pem"
    keyPath = "\(scratch.path)/\(name).key"
    let end = try run([
      "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
      "-nodes", "-days", "2", "-subj", "/CN=halley test", "-addext",
      "subjectAltName=\(subject)", "-keyout", keyPath, "-out", path,
    ])
    guard end.status == 0 else { throw SupportError("openssl req: \(end.error)") }
  }
}
