import JSON
import Testing
import TestSupport

/// What libFuzzer does for hours (contrib/fuzz json), for a moment and with the same inputs each time.
@Suite struct QuickScanTests {
  private static let words = [
    "{", "}", "[", "]", ",", ":", "\"", "\\", "null", "true", "false", "-1", "1e9", "0.5", "01",
    "99999", "\\ud83d", "\\ude00", "\\u00e9", "é", "\u{0}", "\n", " ", "\t", "[1]", "[[[[]]]]",
    "{}",
    "\"a\":1", "\"delta\":\"b\"", "\\n", "\\/", "aaaaaaaaaaaaaaaa", "\u{1F600}",
  ]

  @Test func `what is passed over quickly is what the exact scanner takes`() throws {
    let seeds = ["duplicate", "event", "nested", "prepended-quote", "spaced"]
    var wrong: String?
    try Seeds.mutate("json", seeds, words: Self.words, count: 20_000) { input in
      guard wrong == nil, let found = QuickScanExercise.run(input) else { return }
      wrong = "\(found): \(String(decoding: input, as: UTF8.self))"
    }
    #expect(wrong == nil)
  }

  @Test func `texts that are much alike are told apart where they differ in more than values`()
    throws
  {
    let event = Array(#"{"type":"a","sequence_number":7,"delta":"wörd","logprobs":[1]}"#.utf8)
    var mutator = ByteMutator(seed: 13, words: Self.words)
    for _ in 0..<20_000 {
      let input = event + [0x0A] + mutator.mutant(of: event)
      let wrong = QuickScanExercise.run(input)
      guard wrong == nil else {
        Issue.record("\(wrong ?? ""): \(String(decoding: input, as: UTF8.self))")
        return
      }
    }
  }

  @Test(arguments: [
    (#"{"n":1,"s":"a"}"#, #"{"n":22,"s":"bc"}"#, true),
    (#"{"n":1,"s":"a"}"#, #"{"n":-0.5e1,"s":""}"#, true),
    // A number may stand where a string did.
    (#"{"n":1,"s":"a"}"#, #"{"n":"1","s":2}"#, true),
    (#"{"n":1,"s":"a"}"#, #"{"m":1,"s":"a"}"#, false), (#"{"n":1}"#, #"{"n":1,"o":2}"#, false),
    (#"{"n":1}"#, #"{"n":1 }"#, false), (#"{"n":1}"#, #"{"n":[1]}"#, false),
    (#"{"n":1}"#, #"{"n":01}"#, false), (#"{"s":"a"}"#, "{\"s\":\"\u{1}\"}", false),
    (#"{"s":"a"}"#, #"{"s":"\x"}"#, false), (#"{"s":"a"}"#, #"{"s":"a"#, false),
    ("[1,2,3,4,5]", "[6,7,8,9,5]", true), ("[1,2,3,4,5]", "[6,7,8,9,10]", false),
  ])
  func `what is like a model differs in a few strings and numbers`(
    _ text: String, _ other: String, _ isAlike: Bool
  ) throws {
    let (bytes, others) = (Array(text.utf8), Array(other.utf8))
    var children: [JSONScanner.Child] = []
    let value = JSONScanner.quickScan(bytes.span, limits: .relayed) { children.append($0) }
    let place = try #require(value)
    let made = JSONModel(
      0..<bytes.count, of: bytes.span, text: place, children: children, limits: .relayed)
    let model = try #require(made)
    let match = model.match(0..<others.count, of: others.span)
    #expect((match != nil) == isAlike)
    #expect(match.map { $0.end == others.count && $0.text == 0..<others.count } ?? true)
  }

  @Test func `bytes that are no UTF-8 are not taken, wherever they stand`() throws {
    let text = Array(#"{"a":"bbbbbbbbbbbbbbbbbbbbbbbb","c":"dd"}"#.utf8)
    var children: [JSONScanner.Child] = []
    let value = JSONScanner.quickScan(text.span, limits: .relayed) { children.append($0) }
    let place = try #require(value)
    let made = JSONModel(
      0..<text.count, of: text.span, text: place, children: children, limits: .relayed)
    let model = try #require(made)
    for index in text.indices where text[index] == 0x62 || text[index] == 0x64 {
      var broken = text
      broken[index] = 0xFF
      let scanned = JSONScanner.quickScan(broken.span, limits: .relayed) { _ in }
      let match = model.match(0..<broken.count, of: broken.span)
      #expect(scanned == nil && match == nil)
      broken.replaceSubrange(index...index, with: "ü".utf8)
      let valid = model.match(0..<broken.count, of: broken.span)
      #expect(valid != nil)
    }
  }
}
