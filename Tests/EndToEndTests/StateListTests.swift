import JSON
import TestSupport
import Testing

/// The API's rules for lists, on each method that answers one.
@Suite struct StateListTests {
  private let stage: StateStage
  private var client: SocketClient { stage.client }

  init() throws {
    stage = try StateStage()
  }

  private func list(_ method: String, _ params: String) throws -> RawJSON {
    let answer = try client.call(1, method, "{\(params)}")
    return try #require(answer.result, "\(answer.message.text)")
  }

  private func ids(_ list: RawJSON) -> [String] {
    list["data"]?.elements.compactMap { $0["id"]?.string } ?? []
  }

  /// Expects that the pages of a list, put together, are the whole list in either order.
  private func expectPages(
    _ method: String, _ params: String, count: Int,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let more = params.isEmpty ? "" : ",\(params)"
    let whole = ids(try list(method, #""limit":100,"order":"asc"\#(more)"#))
    #expect(whole.count == count, sourceLocation: sourceLocation)
    for order in ["asc", "desc"] {
      var found: [String] = []
      var after = ""
      var hasMore = true
      while hasMore {
        let page = try list(method, #""limit":3,"order":"\#(order)"\#(after)\#(more)"#)
        #expect(page["object"]?.string == "list", sourceLocation: sourceLocation)
        #expect(page["first_id"]?.string == ids(page).first, sourceLocation: sourceLocation)
        #expect(page["last_id"]?.string == ids(page).last, sourceLocation: sourceLocation)
        found += ids(page)
        hasMore = page["has_more"]?.boolean == true
        #expect(!hasMore || ids(page).count == 3, sourceLocation: sourceLocation)
        after = #","after":"\#(page["last_id"]?.string ?? "")""#
      }
      let expected = order == "asc" ? whole : whole.reversed()
      #expect(found == expected, sourceLocation: sourceLocation)
    }
    #expect(
      ids(try list(method, params)) == Array(whole.reversed().prefix(20)),
      sourceLocation: sourceLocation)
    try expectRefusals(method, more, sourceLocation)
  }

  private func expectRefusals(
    _ method: String, _ more: String, _ sourceLocation: SourceLocation
  ) throws {
    let wrong = [
      ("limit", "0"), ("limit", "101"), ("limit", "1.5"), ("limit", #""3""#), ("order", #""up""#),
      ("order", "1"), ("after", "1"), ("after", #""""#),
    ]
    for (key, value) in wrong {
      let answer = try client.call(1, method, #"{"\#(key)":\#(value)\#(more)}"#)
      #expect(
        answer.errorCode == "invalid_params", "\(key): \(value)", sourceLocation: sourceLocation)
      #expect(answer.param == key, "\(key): \(value)", sourceLocation: sourceLocation)
    }
    let unknown = try client.call(1, method, #"{"after":"msg_none"\#(more)}"#)
    #expect(unknown.errorCode == "not_found", sourceLocation: sourceLocation)
  }

  @Test func `the items of a conversation`() throws {
    for turn in 0..<12 { _ = try client.say("turn \(turn)", #""conversation":"long""#) }
    try expectPages("conversations.items.list", #""conversation":"long""#, count: 24)
  }

  @Test func `conversations`() throws {
    for number in 0..<23 {
      _ = try client.call(1, "conversations.create", #"{"name":"c\#(number)"}"#)
    }
    try expectPages("conversations.list", "", count: 23)
  }

  @Test func `the input items of a response`() throws {
    var previous = try client.say("turn 0")
    for turn in 1..<12 {
      previous = try client.say("turn \(turn)", #""previous_response_id":"\#(previous.id)""#)
    }
    try expectPages("responses.input_items.list", #""response_id":"\#(previous.id)""#, count: 23)
  }

  @Test func `conversations are listed by their last use`() throws {
    for name in ["a", "b", "c"] {
      _ = try client.call(1, "conversations.create", #"{"name":"\#(name)"}"#)
    }
    _ = try client.say("hello", #""conversation":"a""#)
    let data = try list("conversations.list", "")["data"]?.elements ?? []
    #expect(data.map { $0["name"]?.string } == ["a", "c", "b"])
  }

  @Test func `an empty list has no ids`() throws {
    let empty = try list("conversations.list", "")
    #expect(empty["data"]?.elements.isEmpty == true)
    #expect(empty["first_id"]?.isNull == true)
    #expect(empty["last_id"]?.isNull == true)
    #expect(empty["has_more"]?.boolean == false)
  }

  @Test func `items are as the API lists them`() throws {
    let answer = try client.say("hello", answer: "Hello.", #""conversation":"c""#)
    let items = try client.items(of: "c")
    #expect(items.map { $0["role"]?.string } == ["user", "assistant"])
    #expect(items.allSatisfy { $0["type"]?.string == "message" })
    #expect(items.allSatisfy { $0["status"]?.string == "completed" })
    #expect(items[0]["content"]?.elements.first?["type"]?.string == "input_text")
    #expect(items[1]["id"] == answer.result?["output"]?.elements.first?["id"])
    let id = try #require(items[0]["id"]?.string)
    let item = try client.call(
      1, "conversations.items.retrieve", #"{"conversation":"c","item_id":"\#(id)"}"#)
    #expect(item.result == items[0])
  }

  @Test func `the API's bound on added items holds`() throws {
    _ = try client.call(1, "conversations.create", #"{"name":"c"}"#)
    let item = #"{"role":"user","content":"x"}"#
    let many = Array(repeating: item, count: 21).joined(separator: ",")
    for (method, more) in [
      ("conversations.create", ""), ("conversations.items.create", #","conversation":"c""#),
    ] {
      let answer = try client.call(1, method, #"{"items":[\#(many)]\#(more)}"#)
      #expect(answer.errorCode == "invalid_params")
      #expect(answer.param == "items")
    }
  }
}
