import JSON
import Service
import Testing

@Suite struct DeltaRedactorTests {
  private static let key = "sk-canary-41b9sk"

  private func delta(_ text: String, _ index: Int = 0, _ type: String = "output_text") -> String {
    #"{"type":"response.\#(type).delta","output_index":\#(index),"delta":"\#(text)"}"#
  }

  private let keepalive = #"{"type":"keepalive","delta":5}"#

  /// The events as they are handed on, and how many of them were before the last had come.
  private func relayed(_ events: [String], _ secrets: [String] = [key]) throws -> (
    all: [String], early: Int
  ) {
    let whole = try #require(KeyRedactor(secrets))
    var redactor = DeltaRedactor(whole)
    var given: [String] = []
    var early = 0
    for event in events {
      early = given.count
      let event = try UpstreamEvent(data: whole.cleaned(Array(event.utf8)[...]))
      given += (redactor.passes(event) ? [event] : redactor.take(event)).map(text)
    }
    given += redactor.finish().map(text)
    return (given, early)
  }

  private func text(_ event: UpstreamEvent) -> String {
    String(decoding: event.bytes, as: UTF8.self)
  }

  @Test func `space around events moves nothing`() throws {
    let events = ["keep ", "sk-canary-", "41b9sk", "!"].map { "          \(delta($0))  " }
    #expect(try text(relayed(events).all) == "keep [key]!")
  }

  @Test func `an error that was cut has no delta where it had one`() throws {
    let redactor = KeyRedactor([Self.key])
    let text = #"{"type":"error","error":"\#(Self.key) \#(Self.key)","delta":"sk-canary-"}"#
    let event = try UpstreamEvent(data: Array(text.utf8)[...]).withoutSecrets(redactor)
    #expect(DeltaRedactor(redactor).passes(event))
  }

  private func text(_ events: [String], _ index: Int = 0) throws -> String {
    try events.map { try RawJSON(parsing: $0) }
      .filter { $0["output_index"]?.integer == Int64(index) }
      .compactMap { $0["delta"]?.string }.joined()
  }

  @Test func `a key split at any place goes, and what stands around it stays`() throws {
    let whole = Array("a sk-ca \(Self.key) b")
    for first in 1..<whole.count {
      for second in first..<whole.count {
        let parts = [whole[..<first], whole[first..<second], whole[second...]]
        let given = try relayed(parts.map { delta(String($0)) })
        #expect(try text(given.all) == "a sk-ca [key] b", "\(first) \(second)")
        #expect(given.all.count == 3)
      }
    }
  }

  @Test func `a key that comes letter by letter goes, twice over`() throws {
    let letters = Array("\(Self.key)\(Self.key)s").map { delta(String($0)) }
    #expect(try text(relayed(letters).all) == "[key][key]s")
  }

  @Test(arguments: ["function_call_arguments", "reasoning_text", "unheard_of"])
  func `texts of any kind are read apart, with other events between`(_ type: String) throws {
    let events = [
      delta("x sk-can", 0, type), delta("sk-", 1, type), keepalive, delta("ary-41b9sk y", 0, type),
      delta("canary", 1, type),
    ]
    let given = try relayed(events)
    #expect(try text(given.all) == "x [key] y")
    #expect(try text(given.all, 1) == "sk-canary")
    #expect(given.all.count == 5)
    #expect(given.all[2] == keepalive)
  }

  @Test func `an escape that spells a part of it is read`() throws {
    let events = [#"\u0073k-\u0063an"#, "ary-41b9sk"].map { delta($0) }
    #expect(try text(relayed(events).all) == "[key]")
  }

  @Test func `each of several secrets is looked for`() throws {
    let events = ["sk-canary", "-41b9sk head", "er-7d-canary."].map { delta($0) }
    let given = try relayed(events, [Self.key, "header-7d-canary"])
    #expect(try text(given.all) == "[key] [key].")
  }

  @Test func `what turns out to be no key stays the bytes that it was`() throws {
    let events = ["sk-", #"c\u0061n\n"#, "s", "s", "", "sk-canary-41b9s"].map { delta($0) }
    #expect(try relayed(events).all == events)
  }

  @Test func `only what may begin a key waits, and not behind the end of its text`() throws {
    #expect(try relayed([delta("plain"), delta("words")]).early == 1)
    #expect(try relayed([delta("words"), delta("sss"), delta("s")]).early == 1)
    let done = #"{"type":"response.output_text.done","text":"sk-"}"#
    #expect(try relayed([delta("sk-"), done, delta("x")]).early == 2)
    let completed = #"{"type":"response.completed","response":{}}"#
    #expect(try relayed([delta("sk-"), completed, keepalive]).early == 2)
  }

  @Test func `other events do not pile up behind a beginning`() throws {
    let filler = String(repeating: "x", count: 1000)
    let events = [delta("sk-")] + (0..<2000).map { _ in #"{"type":"x","y":"\#(filler)"}"# }
    #expect(try relayed(events).early > 900)
  }
}
