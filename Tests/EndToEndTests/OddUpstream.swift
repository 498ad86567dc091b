import JSON
import TestSupport
import Testing

/// An HTTP/1.1 upstream that closes, answers unasked, or hangs where no upstream should
/// (`Scripts/lib/odd-upstream`), and a daemon in front of it.
final class OddUpstream {
  let daemon: DaemonProcess
  private let process: ChildProcess
  private let scratch: Scratch

  init(_ mode: String, isSecure: Bool = false, upstream: String = "") throws {
    scratch = try Scratch()
    let directory = #filePath.dropLast("OddUpstream.swift".utf8.count)
    var command = ["\(directory)Scripts/lib/odd-upstream", mode]
    var trust = ""
    if isSecure {
      let certificate = try Certificate(in: scratch)
      command += [certificate.path, certificate.keyPath]
      trust = "ca_file = \"\(certificate.path)\""
    }
    process = try ChildProcess(
      command, environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"], readsOutput: true)
    let port = String(decoding: try process.readLine(), as: UTF8.self)
    daemon = try DaemonProcess(
      """
      default_upstream = "odd"
      [cache]
      enabled = false
      [upstreams.odd]
      base_url = "\(isSecure ? "https" : "http")://127.0.0.1:\(port)/v1"
      api_key = { none = true }
      prewarm = false
      \(trust)
      \(upstream)
      """)
  }

  /// The next request that reached it: the number of its connection, then its input.
  func nextRequest() throws -> String { String(decoding: try process.readLine(), as: UTF8.self) }

  static func ask(
    _ client: SocketClient, _ id: Int, _ input: String, more: String = ""
  ) throws {
    try client.request(
      id, "responses.create", #"{"model":"m","input":"\#(input)"\#(more)}"#)
  }
}
