import Glibc
import JSON
import Testing
import TestSupport

/// Two users of one daemon: what belongs to one does not exist for the other.
@Suite(.enabled(if: geteuid() == 0, "only root has two users"))
struct StateUserTests {
  /// Any two that own nothing.
  private static let uids = (owner: 52_000, other: 52_001)

  private let simulator: Simulator
  private let daemon: DaemonProcess

  init() throws {
    simulator = try Simulator()
    daemon = try DaemonProcess(simulator)
    try Self.open(daemon)
  }

  /// Lets everybody connect.
  private static func open(_ daemon: DaemonProcess) throws {
    for path in [daemon.scratch.path, "\(daemon.scratch.path)/s"] {
      try #require(unsafe chmod(path, 0o755) == 0)
    }
    try #require(unsafe chmod(daemon.socketPath, 0o666) == 0)
  }

  private static func netcat(_ uid: Int, _ daemon: DaemonProcess) -> [String] {
    [
      "setpriv", "--reuid=\(uid)", "--regid=\(uid)", "--clear-groups", "nc", "-N", "-U",
      daemon.socketPath,
    ]
  }

  /// Sends requests as another user and returns the answers by id.
  private func ask(_ uid: Int, _ requests: [(method: String, params: String)]) throws -> [RawJSON] {
    let lines = requests.enumerated().map {
      #"{"jsonrpc":"2.0","id":\#($0),"method":"\#($1.method)","params":\#($1.params)}"# + "\n"
    }.joined()
    let end = try run(Self.netcat(uid, daemon), input: lines)
    let messages = try end.output.split(separator: "\n").map { try RawJSON(parsing: String($0)) }
    return try requests.indices.map { id in
      try #require(
        messages.first { $0["id"]?.integer == Int64(id) && $0["method"] == nil },
        "request \(requests[id]) had no answer: \(end.error)")
    }
  }

  /// What one user has: ids of each kind.
  private struct Belongings {
    var response = "resp_00000000000000000000000000000000"
    var running = "resp_11111111111111111111111111111111"
    var conversation = "conv_00000000000000000000000000000000"
    var item = "msg_00000000000000000000000000000000"
    var name = "nobodys/name"

    /// Every method that takes an id, with the ids of these.
    var requests: [(method: String, params: String)] {
      (ofResponses + ofConversations + ofOthers).map { (method: $0.0, params: $0.1) }
    }

    private var ofResponses: [(String, String)] {
      var list: [(String, String)] = []
      for id in [response, running] {
        let named = #""response_id":"\#(id)""#
        list += [
          ("responses.retrieve", "{\(named)}"),
          ("responses.retrieve", #"{\#(named),"stream":true}"#),
          ("responses.retrieve", #"{\#(named),"stream":true,"starting_after":3}"#),
          ("responses.cancel", "{\(named)}"),
          ("responses.delete", "{\(named)}"),
          ("responses.input_items.list", "{\(named)}"),
          ("responses.input_items.list", #"{\#(named),"after":"\#(item)"}"#),
          ("responses.create", #"{"input":"x","previous_response_id":"\#(id)"}"#),
          ("responses.compact", #"{"model":"m","previous_response_id":"\#(id)"}"#),
        ]
      }
      return list
    }

    private var ofConversations: [(String, String)] {
      var list: [(String, String)] = []
      for reference in [#""\#(conversation)""#, #"{"id":"\#(conversation)"}"#, #""\#(name)""#] {
        let named = #""conversation":\#(reference)"#
        list += [
          ("conversations.retrieve", "{\(named)}"),
          ("conversations.update", #"{\#(named),"metadata":{"a":"b"}}"#),
          ("conversations.update", #"{\#(named),"name":"mine"}"#),
          ("conversations.fork", "{\(named)}"),
          ("conversations.fork", #"{\#(named),"at":"\#(response)"}"#),
          ("conversations.items.list", "{\(named)}"),
          ("conversations.items.list", #"{\#(named),"after":"\#(item)"}"#),
          ("conversations.items.retrieve", #"{\#(named),"item_id":"\#(item)"}"#),
          ("conversations.items.delete", #"{\#(named),"item_id":"\#(item)"}"#),
          (
            "conversations.items.create",
            #"{\#(named),"items":[{"role":"user","content":"x"}]}"#
          ),
          ("conversations.search", #"{\#(named),"query":"secret"}"#),
          ("conversations.watch", "{\(named)}"),
          ("responses.input_tokens.count", #"{"input":"x","conversation":"\#(conversation)"}"#),
          ("responses.create", #"{"input":"x","conversation":{"id":"\#(conversation)"}}"#),
          ("conversations.delete", "{\(named)}"),
        ]
      }
      return list
    }

    private var ofOthers: [(String, String)] {
      [
        ("conversations.list", #"{"after":"\#(conversation)"}"#),
        ("conversations.search", #"{"query":"secret"}"#),
        ("conversations.list", "{}"),
        ("responses.create", #"{"input":[{"type":"item_reference","id":"\#(item)"}]}"#),
        (
          "responses.create",
          #"{"input":[{"type":"function_call_output","call_id":"c","output":"x"}],"previous_response_id":"\#(response)"}"#
        ),
      ]
    }

    /// A text with these ids replaced by those of another.
    func masked(_ text: String) -> String {
      [response, running, conversation, item, name].enumerated()
        .reduce(text) { $0.replacing($1.element, with: "<\($1.offset)>") }
    }
  }

  private func makeBelongings() throws -> Belongings {
    var owned = Belongings()
    owned.name = "secret/name"
    let made = try ask(
      Self.uids.owner,
      [
        (
          "responses.create",
          #"{"input":"my secret","conversation":"secret/name","instructions":"secret"}"#
        ),
        (
          "responses.create",
          #"{"input":"x","background":true,"metadata":{"endless":"deltas","event_delay_ms":"5"}}"#
        ),
      ])
    owned.response = try #require(made[0]["result"]?["id"]?.string)
    owned.running = try #require(made[1]["result"]?["id"]?.string)
    owned.conversation = try #require(
      made[0]["result"]?["halley"]?["conversation"]?["id"]?.string)
    owned.item = try #require(made[0]["result"]?["output"]?.elements.first?["id"]?.string)
    return owned
  }

  @Test func `another user's ids are answered as ids that do not exist`() throws {
    let owned = try makeBelongings()
    let absent = Belongings()
    let foreign = try ask(Self.uids.other, owned.requests)
    let unknown = try ask(Self.uids.other, absent.requests)
    for (index, request) in absent.requests.enumerated() {
      let texts = (owned.masked(foreign[index].text), absent.masked(unknown[index].text))
      #expect(Self.withoutRequestID(texts.0) == Self.withoutRequestID(texts.1), "\(request)")
      #expect(!texts.0.contains("secret"), "\(request)")
    }
    try expectUntouched(owned)
  }

  /// The id that the upstream gave the request differs for each.
  private static func withoutRequestID(_ text: String) -> String {
    text.replacing(#/"request_id":"[^"]*"/#, with: "")
      .replacing(#/"retry_after_ms":[0-9]+/#, with: "")
  }

  private func expectUntouched(_ owned: Belongings) throws {
    let own = try ask(
      Self.uids.owner,
      [
        ("responses.retrieve", #"{"response_id":"\#(owned.response)"}"#),
        ("responses.retrieve", #"{"response_id":"\#(owned.running)"}"#),
        ("conversations.items.list", #"{"conversation":"\#(owned.name)","order":"asc"}"#),
        ("conversations.retrieve", #"{"conversation":"\#(owned.conversation)"}"#),
      ])
    #expect(own[0]["result"]?["status"]?.string == "completed")
    #expect(own[1]["result"]?["status"]?.string == "in_progress")
    #expect(own[2]["result"]?["data"]?.elements.map(RawJSON.said).first == "my secret")
    #expect(own[3]["result"]?["metadata"]?.members.isEmpty == true)
  }

  @Test func `two users may use one name, one key and one scope`() throws {
    for uid in [Self.uids.owner, Self.uids.other] {
      let options = #""halley":{"idempotency_key":"k","scope":"s","continue":true}"#
      let answers = try ask(
        uid,
        [
          ("responses.create", #"{"input":"of \#(uid)","conversation":"ours"}"#),
          ("responses.create", #"{"input":"by \#(uid)",\#(options)}"#),
        ])
      #expect(answers.allSatisfy { $0["result"]?["status"]?.string == "completed" })
      let items = try ask(
        uid, [("conversations.items.list", #"{"conversation":"ours","order":"asc"}"#)])
      let said = items[0]["result"]?["data"]?.elements.map(RawJSON.said)
      #expect(said?.count == 2)
      #expect(said?.first == "of \(uid)")
    }
    #expect(try simulator.bodies().allSatisfy { $0["previous_response_id"] == nil })
  }

  @Test func `users take turns at an upstream that is busy`() throws {
    let daemon = try DaemonProcess(simulator, upstream: "max_concurrent = 1")
    try Self.open(daemon)
    let owner = try daemon.connect()
    func awaitQueue(of waiting: Int64) throws {
      try Wait.until("\(waiting) to wait") {
        try daemon.status()["upstreams"]?.elements.first?["queued"]?.integer == waiting
      }
    }
    try owner.startSaying(
      1, "first", #""stream":true,"metadata":{"endless":"deltas","event_delay_ms":"5"}"#)
    try owner.awaitText(1)
    for id in 2...6 { try owner.startSaying(id, "own \(id)") }
    try awaitQueue(of: 5)
    let line = #"{"id":1,"method":"responses.create","params":{"input":"other"}}"# + "\n"
    let other = try ChildProcess(
      Self.netcat(Self.uids.other, daemon), input: .bytes(Array(line.utf8)))
    try awaitQueue(of: 6)
    try owner.send(#"{"method":"$/cancelRequest","params":{"id":1}}"#)
    #expect(try other.wait().output.contains("completed"))
    for id in 2...6 { #expect(try owner.answer(id).status == "completed") }
    let inputs = try simulator.bodies().map { $0["input"]?.string }
    #expect(inputs == ["first", "other", "own 2", "own 3", "own 4", "own 5", "own 6"])
  }

  @Test func `only root and the daemon's own user may reload it and back it up`() throws {
    let path = "\(daemon.scratch.path)/copy.db"
    let requests = [
      (method: "daemon.reload", params: "{}"),
      (method: "store.backup", params: #"{"path":"\#(path)"}"#),
    ]
    for answer in try ask(Self.uids.other, requests) {
      #expect(answer["error"]?["data"]?["code"]?.string == "permission")
    }
    #expect(unsafe access(path, F_OK) != 0)
    for (method, params) in requests {
      #expect(try daemon.connect().call(1, method, params).error == nil)
    }
  }

  @Test func `the status shows a user no other user's responses and clients`() throws {
    let owned = try makeBelongings()
    let status = try ask(Self.uids.other, [("daemon.status", "{}")])[0]
    #expect(!status.text.contains(owned.running))
    #expect(!status.text.contains("\(Self.uids.owner)"))
    let own = try ask(Self.uids.owner, [("daemon.status", "{}")])[0]
    #expect(own.text.contains(owned.running))
  }
}
