import JSON
import Testing
import TestSupport

/// `daemon.schema` says what the daemon takes: what the schema allows is not refused, and what it
/// does not allow is.
@Suite struct SchemaAgreementTests {
  /// What a request of a method needs beside the member that is tried.
  private static let needed: [String: [String: String]] = [
    "responses.create": ["input": #""x""#], "cache.explain": ["input": #""x""#],
    "responses.input_tokens.count": ["input": #""x""#],
    "responses.compact": ["input": #""x""#, "model": #""gpt-5.4""#],
    "conversations.update": ["conversation": #""nobody""#, "name": #""x""#],
    "conversations.search": ["query": #""x""#], "models.retrieve": ["model": #""x""#],
    "conversations.items.create": [
      "conversation": #""nobody""#, "items": #"[{"role":"user","content":"x"}]"#,
    ],
    "conversations.items.retrieve": ["conversation": #""nobody""#, "item_id": #""x""#],
    "conversations.items.delete": ["conversation": #""nobody""#, "item_id": #""x""#],
    "$/cancelRequest": ["id": "77"],
  ]

  /// Members that say something together.
  private static let together: [String: [String]] = [
    "cache.explain": [
      #"{"input":"x","conversation":"a","previous_response_id":"r"}"#,
      #"{"input":"x","conversation":null,"previous_response_id":"r"}"#,
      #"{"input":"x","halley":{"continue":true}}"#, #"{"halley":{"continue":true,"scope":"s"}}"#,
      #"{"input":"x","halley":{"continue":true,"scope":"s"},"conversation":"a"}"#,
      #"{"input":"x","halley":{"continue":true,"scope":"s"},"previous_response_id":"r"}"#,
      #"{"input":"x","halley":{"continue":false,"scope":"s"},"conversation":"a"}"#,
      #"{"input":"x","stream":true,"stream_options":{}}"#,
      #"{"input":"x","stream":false,"stream_options":{}}"#, #"{"stream_options":null}"#,
      "{}", #"{"input":null}"#, #"{"conversation":"a"}"#, #"{"previous_response_id":"r"}"#,
      #"{"prompt":{"id":"p"}}"#, #"{"halley":{"no_member":1},"input":"x"}"#,
      #"{"input":"x","no_member":1}"#,
    ],
    "responses.retrieve": [
      #"{"response_id":"r","starting_after":1}"#,
      #"{"response_id":"r","starting_after":1,"stream":true}"#,
      #"{"response_id":"r","starting_after":null,"stream":false}"#,
      #"{"response_id":"r","stream":true,"include_obfuscation":false}"#,
    ],
    "store.backup": [
      #"{"path":"/no-such-directory/x"}"#, #"{"path":"/no-such-directory/x/"}"#,
      #"{"path":"x"}"#, #"{"path":"/"}"#, #"{"path":"/no-such-directory/a\nb"}"#,
    ],
    "conversations.update": [
      #"{"conversation":"nobody"}"#, #"{"conversation":"nobody","name":null}"#,
      #"{"conversation":"nobody","metadata":null}"#, #"{"conversation":"nobody","metadata":{}}"#,
    ],
  ]

  /// Requests whose params a schema can't judge: they are about other requests or what is configured.
  private static let semantic = [
    "names no tool", "has no output", "no call with that id",
  ]

  private static func trials(_ method: String, _ schema: RawJSON) -> [String] {
    var needed = needed[method] ?? [:]
    for name in schema["required"]?.elements.compactMap(\.string) ?? [] where needed[name] == nil {
      needed[name] = #""nobody""#
    }
    var trials = (together[method] ?? []) + [SchemaOracle.text(needed), "{}", #"{"no_member":1}"#]
    // What else there is of a compaction is a create's.
    let properties = method == "responses.compact" ? ["model"] : nil
    for property in schema["properties"]?.members ?? []
    where properties?.contains(property.key) != false {
      let rest = needed.filter { $0.key != property.key }
      trials.append(SchemaOracle.text(rest))
      trials += SchemaOracle.values(for: property.value).map {
        SchemaOracle.text(rest.merging([property.key: $0]) { $1 })
      }
    }
    return Array(Set(trials)).sorted()
  }

  /// A watch that is let begin does not end by itself.
  private static func ask(
    _ method: String, _ params: String, _ id: Int, _ client: SocketClient
  ) throws -> Answer {
    try client.request(id, method, params)
    if method == "conversations.watch" {
      try client.send(#"{"method":"$/cancelRequest","params":{"id":\#(id)}}"#)
    }
    return try client.answer(id)
  }

  @Test func `the schema of every method and the daemon agree`() throws {
    let simulator = try Simulator()
    let daemon = try DaemonProcess(simulator)
    let client = try daemon.connect()
    let methods = try #require(try client.call(1, "daemon.schema").result?["methods"]).members
    #expect(methods.count > 30)
    var id = 1
    var disagreements: [String] = []
    // They are checked as an explanation is, and cost an upstream call where they are let pass.
    let asExplained = ["responses.create", "responses.input_tokens.count"]
    for method in methods where !asExplained.contains(method.key) {
      let schema = try #require(method.value["params"])
      for params in Self.trials(method.key, schema) {
        guard let json = SchemaOracle.parsed(params) else { continue }
        id += 1
        let answer = try Self.ask(method.key, params, id, client)
        let isSemantic = Self.semantic.contains { answer.message.text.contains($0) }
        let isTaken = answer.errorCode != "invalid_params" || isSemantic
        if isTaken != SchemaOracle.accepts(json, schema) {
          disagreements.append("\(method.key) \(params): \(answer.message.text)")
        }
      }
    }
    #expect(id > 5_000, "\(id) requests tried too little")
    #expect(disagreements.isEmpty, "\(disagreements.prefix(20).joined(separator: "\n"))")
    let explained = methods.first { $0.key == "cache.explain" }
    for method in methods where asExplained.contains(method.key) {
      #expect(method.value == explained?.value)
    }
  }
}
