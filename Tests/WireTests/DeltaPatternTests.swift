import JSON
import Testing
import Wire

@Suite struct DeltaPatternTests {
  private static let first =
    #"{"type":"response.output_text.delta","sequence_number":7,"item_id":"msg_1","output_index":0,"#
    + #""content_index":0,"delta":"one \"two\" \\","logprobs":[],"obfuscation":"x8"}"#

  private func delta(of text: String, number: Int = 8, after first: String = first) throws
    -> String?
  {
    let pattern = try #require(DeltaPattern(ResponseEvent(RawJSON(first))))
    return pattern.delta(in: RawJSON(text), number: number).map { RawJSON(checked: $0).text }
  }

  @Test func `deltas that differ in number, text and padding fit`() throws {
    for (number, text, padding) in [
      (8, #""""#, #""""#), (0, #""\\""#, #""a""#), (999_999, #""\"}, {\"""#, #""\\\"""#),
      (12, "\"\u{1F600} und ä\"", "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\""),
    ] {
      let event =
        #"{"type":"response.output_text.delta","sequence_number":\#(number),"item_id":"msg_1","#
        + #""output_index":0,"content_index":0,"delta":\#(text),"logprobs":[],"#
        + #""obfuscation":\#(padding)}"#
      #expect(try delta(of: event, number: number) == text)
    }
  }

  @Test(arguments: [
    (#""sequence_number":7"#, #""sequence_number":9"#),
    (#""sequence_number":7"#, #""sequence_number":"8""#),
    (#""output_index":0"#, #""output_index":1"#), (#""msg_1""#, #""msg_2""#),
    (#""logprobs":[]"#, #""logprobs":[{}]"#), (#""delta":"one"#, #""delta":null,"x":"one"#),
    (#","obfuscation":"x8""#, ""), (#""x8""#, #""x8","delta":"else""#), (#""x8""#, "8"),
    ("output_text", "refusal"), (#"{"type""#, #"{ "type""#),
  ])
  func `what differs in anything else does not fit`(_ found: String, _ other: String) throws {
    let event = Self.first.replacing(#":7,"#, with: #":8,"#)
    #expect(try delta(of: event) != nil)
    let changed = event.replacing(found.replacing(":7", with: ":8"), with: other)
    #expect(changed != event)
    #expect(try delta(of: changed) == nil)
  }

  @Test func `what fits is what a look at its members says`() throws {
    // The constants of Knuth's MMIX; its high bits are good enough.
    var state: UInt64 = 11
    func random(below bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    // Each has what is usual first, and then what is rare.
    let members = [
      [#""type":"response.output_text.delta""#, #""type":"response.refusal.delta""#],
      [#""sequence_number":8"#, #""sequence_number":9"#, #""sequence_number":"8""#],
      [#""item_id":"m""#, #""item_id":"n""#], [#""output_index":0"#, #""output_index":1"#],
      [#""delta":"a""#, #""delta":"\\""#, #""delta":"\"""#, #""delta":1"#, #""x":{"delta":"b"}"#],
      [#""obfuscation":"""#, #""obfuscation":"\"""#, #""delta":"c""#],
    ]
    func event() -> String {
      let some = members.compactMap { variants in
        switch random(below: 8) {
        case 0: nil as String?
        case 1...3: variants[random(below: variants.count)]
        default: variants[0]
        }
      }
      return "{" + some.joined(separator: ",") + "}"
    }
    var fitting = 0
    for _ in 0..<50_000 {
      let one = ResponseEvent(RawJSON(event()))
      guard let pattern = DeltaPattern(one) else { continue }
      let other = ResponseEvent(RawJSON(event()))
      guard let delta = pattern.delta(in: other.json, number: 8) else { continue }
      fitting += 1
      #expect(delta == other.delta.map { other.json.bytes[$0] })
      #expect(other.place == one.place && !other.isOdd)
      #expect(other.itemID.map { other.inside($0) } == one.itemID.map { one.inside($0) })
      #expect(other.number == nil || other.number == 8)
      #expect((other.number == nil) == (one.number == nil))
    }
    #expect(fitting > 1000)
  }
}
