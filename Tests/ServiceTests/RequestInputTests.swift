import JSON
import Service
import Testing
import Wire

@Suite struct RequestInputTests {
  private func input(
    _ text: String, stored: [String: String] = [:]
  ) async throws -> RequestInput {
    let body = RawJSON.object { $0.member("input", RawJSON(checked: Array(text.utf8)[...])) }
    return try await RequestInput.read(body) { id in
      stored[id].map { RawJSON(checked: Array($0.utf8)[...]) }
    }
  }

  private let call = #"{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"}"#
  private let output = #"{"type":"function_call_output","call_id":"c1","output":"x"}"#

  private func json(_ text: String) -> RawJSON { RawJSON(checked: Array(text.utf8)[...]) }

  @Test func `a string is one message of the user`() async throws {
    let items = try await input(#""Hi""#).items
    #expect(items.map(\.text) == [#"{"type":"message","role":"user","content":"Hi"}"#])
  }

  @Test func `a reference becomes the item that it names`() async throws {
    let found = try await input(
      #"[{"type":"item_reference","id":"m1"},{"id":"m2"}]"#,
      stored: ["m1": #"{"a":1}"#, "m2": #"{"b":2}"#])
    #expect(found.items.map(\.text) == [#"{"a":1}"#, #"{"b":2}"#])
    #expect(found.hasResolvedReferences)
  }

  @Test func `a reference to an unknown item is refused with its place`() async throws {
    let error = try await #require(throws: RPCError.self) {
      try await input(#"[{"role":"user","content":"x"},{"type":"item_reference","id":"m1"}]"#)
    }
    #expect(error.code == .notFound)
    #expect(error.details.first?.value.string == "input[1].id")
  }

  @Test func `a call and its output belong together`() async throws {
    try await input("[\(call),\(output)]").checkCalls(after: [])
    try await input("[\(output)]").checkCalls(after: [json(call)])
  }

  @Test func `an output without its call is refused with its path`() async throws {
    let found = try await input("[{\"role\":\"user\",\"content\":\"x\"},\(output)]")
    let error = try #require(throws: RPCError.self) { try found.checkCalls(after: []) }
    #expect(error.code == .invalidParams)
    #expect(error.details.first?.value.string == "input[1].call_id")
  }

  @Test(arguments: [
    (#"{"type":"function","name":"f","async":true}"#, true),
    (#"{"type":"custom","name":"f","async":true}"#, true),
    (#"{"type":"namespace","name":"n","tools":[{"name":"f","async":true}]}"#, true),
    (#"{"type":"function","name":"f","async":false}"#, false),
    (#"{"type":"function","name":"g","async":true}"#, false), ("5", false),
  ])
  func `a call of an asynchronous tool may wait for its output`(
    _ tool: String, _ mayWait: Bool
  ) async throws {
    let names = json("{\"tools\":[\(tool)]}").asynchronousTools
    let found = try await input("[\(call),{\"role\":\"user\",\"content\":\"x\"}]")
    if mayWait { return try found.checkCalls(after: [], asynchronous: names) }
    #expect(throws: RPCError.self) { try found.checkCalls(after: [], asynchronous: names) }
  }

  @Test func `an output that comes before its call is refused`() async throws {
    let found = try await input("[\(output),\(call)]")
    #expect(throws: RPCError.self) { try found.checkCalls(after: []) }
  }

  @Test func `a call that nobody answered is refused where the request itself brings it`()
    async throws
  {
    let found = try await input("[\(call)]")
    let error = try #require(throws: RPCError.self) { try found.checkCalls(after: []) }
    #expect(error.message.contains("c1"))
    try await input(#"[{"role":"user","content":"x"}]"#).checkCalls(after: [json(call)])
    try await input(#"[{"role":"user","content":"x"}]"#).checkCalls(after: [json(output)])
  }

  @Test func `a call of any kind may be answered by a function's output`() async throws {
    let shell = #"{"type":"local_shell_call","call_id":"c1"}"#
    try await input("[\(output)]").checkCalls(after: [json(shell)])
  }
}
