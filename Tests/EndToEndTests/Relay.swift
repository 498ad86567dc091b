import TestSupport

/// A way to a server that hands bytes on (`Scripts/lib/relay`): a proxy, a Unix socket, mutual TLS.
final class Relay {
  /// Its port, or the path of its socket.
  let place: String
  private let process: ChildProcess

  init(_ arguments: [String]) throws {
    let directory = #filePath.dropLast("Relay.swift".utf8.count)
    process = try ChildProcess(
      ["\(directory)Scripts/lib/relay"] + arguments,
      environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"], readsOutput: true)
    place = String(decoding: try process.readLine(), as: UTF8.self)
  }

  /// The next thing that it tells.
  func nextLine() throws -> String { String(decoding: try process.readLine(), as: UTF8.self) }
}
