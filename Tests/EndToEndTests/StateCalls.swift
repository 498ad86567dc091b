import JSON
import TestSupport

/// A simulator and a daemon in front of it, with the calls that tests of state make.
struct StateStage {
  let simulator: Simulator
  let daemon: DaemonProcess
  let client: SocketClient

  /// - Parameters:
  ///   - upstream: further lines of the upstream's table.
  ///   - rest: what follows it in config.toml.
  init(upstream: String = "", rest: String = "") throws {
    simulator = try Simulator()
    daemon = try DaemonProcess(simulator, upstream: upstream, rest: rest)
    client = try daemon.connect()
  }

  /// Starts another daemon on what this one left.
  func restarted(rest: String = "") throws -> DaemonProcess {
    try DaemonProcess(simulator, rest: rest, scratch: daemon.scratch)
  }

  /// What went upstream last.
  func lastBody() throws -> RawJSON {
    guard let body = try simulator.bodies().last else { throw SupportError("nothing was sent") }
    return body
  }

  /// The texts of the input that went upstream last.
  func lastInput() throws -> [String] {
    let input = try lastBody()["input"]
    return input?.string.map { [$0] } ?? input?.elements.map(RawJSON.said) ?? []
  }

  /// Whether a text stands in any file of the state directory.
  func filesContain(_ text: String) throws -> Bool {
    let end = try run(["python3", "-c", Self.search, "\(daemon.scratch.path)/state", text])
    guard end.status <= 1 else { throw SupportError(end.error) }
    return end.status == 0
  }

  /// Looks at the bytes of all files, at what is deflated in them as far as it lies together, and at
  /// what the database says.
  private static let search = #"""
    import pathlib, sqlite3, sys, zlib
    text = sys.argv[2].encode()
    def inflated(data):
        try:
            return zlib.decompressobj().decompress(data)
        except zlib.error:
            return b""
    def holds(data):
        return text in data or any(
            text in inflated(part[4:]) for part in data.split(b"\xff\xff\xff\xff")[1:])
    files = [file for file in pathlib.Path(sys.argv[1]).rglob("*") if file.is_file()]
    found = any(holds(file.read_bytes()) for file in files)
    for file in [] if found else [file for file in files if file.suffix == ".db"]:
        database = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        tables = database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        for (table,) in tables.fetchall():
            try:
                rows = database.execute(f'SELECT * FROM "{table}"')
                found = found or any(
                    isinstance(value, bytes) and holds(value) for row in rows for value in row)
            except sqlite3.Error:
                pass
    sys.exit(0 if found else 1)
    """#
}

extension RawJSON {
  /// The text of a message item, however its content is spelled.
  static func said(_ item: RawJSON) -> String {
    guard let content = item["content"] else { return "" }
    return content.string ?? content.elements.compactMap { $0["text"]?.string }.joined()
  }
}

extension SocketClient {
  /// Creates a response without its events.
  ///
  /// - Parameters:
  ///   - text: what the simulator answers.
  ///   - members: more of the params, as JSON members.
  func say(_ input: String, answer text: String? = nil, _ members: String = "") throws -> Answer {
    try startSaying(1, input, answer: text, members)
    return try answer(1)
  }

  /// Sends a create without waiting for its answer.
  func startSaying(
    _ id: Int, _ input: String, answer text: String? = nil, _ members: String = ""
  ) throws {
    let metadata = text.map { #","metadata":{"text":\#(RawJSON.string($0).text)}"# } ?? ""
    let more = members.isEmpty ? "" : ",\(members)"
    try request(
      id, "responses.create", #"{"input":\#(RawJSON.string(input).text)\#(metadata)\#(more)}"#)
  }

  /// A response as it is stored.
  func retrieve(_ id: String) throws -> Answer {
    try call(1, "responses.retrieve", #"{"response_id":"\#(id)"}"#)
  }

  /// The events of a response from a number on.
  func replay(_ id: String, after number: Int? = nil) throws -> Answer {
    let start = number.map { #","starting_after":\#($0)"# } ?? ""
    return try call(1, "responses.retrieve", #"{"response_id":"\#(id)","stream":true\#(start)}"#)
  }

  /// The items of a conversation, the oldest first.
  func items(of conversation: String) throws -> [RawJSON] {
    let answer = try call(
      1, "conversations.items.list",
      #"{"conversation":"\#(conversation)","order":"asc","limit":100}"#)
    guard let data = answer.result?["data"] else { throw SupportError(answer.message.text) }
    return data.elements
  }

  /// The texts of a conversation's messages, the oldest first.
  func texts(of conversation: String) throws -> [String] {
    try items(of: conversation).map(RawJSON.said)
  }
}

extension Answer {
  /// The id of the response.
  var id: String { result?["id"]?.string ?? "" }
  /// The result as it is stored: without what the daemon says of how it was made.
  var stored: RawJSON? { result?.removing("halley") }
}

extension SocketClient {
  /// Returns when the daemon has begun all that was sent before.
  func settle() throws {
    _ = try call(999, "conversations.list")
  }
}
