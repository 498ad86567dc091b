import JSON
import TestSupport

/// A simulator, and a daemon in front of it that serves HTTP.
struct HTTPStage {
  let simulator: Simulator
  let daemon: DaemonProcess

  /// - Parameters:
  ///   - upstream: further lines of the upstream's table.
  ///   - http: further lines of the table [http].
  ///   - rest: what follows it in config.toml.
  init(upstream: String = "max_retries = 0", http: String = "", rest: String = "") throws {
    simulator = try Simulator()
    daemon = try DaemonProcess(
      simulator, upstream: upstream,
      rest: "[http]\nlisten = [\"127.0.0.1:0\"]\n\(http)\n\(rest)")
  }

  func connect() throws -> HTTPSocketClient { try daemon.connectByHTTP() }

  /// Asks on a connection of its own.
  func ask(
    _ verb: String, _ path: String, _ fields: [String] = [], body: String? = nil
  ) throws -> HTTPReply {
    try connect().ask(verb, path, fields, body: body)
  }

  /// Creates a response.
  func create(
    _ controls: [String: String] = [:], _ fields: [String] = [], members: String = ""
  ) throws -> HTTPReply {
    try ask("POST", "/v1/responses", fields, body: Self.body(controls, members))
  }

  /// The body of a create.
  ///
  /// - Parameters:
  ///   - controls: the simulator's.
  ///   - members: more of the body, each with a comma before it.
  static func body(_ controls: [String: String] = [:], _ members: String = "") -> String {
    let metadata = RawJSON.object { metadata in
      for (key, value) in controls.sorted(by: { $0.key < $1.key }) { metadata.member(key, value) }
    }
    return #"{"model":"gpt-5.4","input":"Hi","metadata":\#(metadata.text)\#(members)}"#
  }

  /// Waits until nobody waits for the upstream any more.
  func awaitQuiet() throws {
    try Wait.until("the upstream to be quiet") { try simulator.count("active_streams") == 0 }
  }
}

extension HTTPSocketClient {
  /// Begins a stream and reads its head.
  func stream(_ controls: [String: String] = [:], _ fields: [String] = []) throws -> HTTPReplyHead {
    try request(
      "POST", "/v1/responses", fields, body: HTTPStage.body(controls, #","stream":true"#))
    guard let head = try head() else { throw SupportError("the connection ended") }
    return head
  }
}

extension HTTPReply {
  var error: RawJSON? { get throws { try json()["error"] } }
  var errorCode: String? { get throws { try error?["code"]?.string } }
}
