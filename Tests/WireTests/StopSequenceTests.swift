import Testing
import Wire

@Suite struct StopSequenceTests {
  /// What is said of a text in pieces of so many bytes, and whether a sequence was found.
  private func said(_ text: String, _ sequences: [String], pieces: Int) -> (String, Bool) {
    var stops = StopSequences(sequences)
    var said: [UInt8] = []
    let bytes = Array(text.utf8)
    for start in stride(from: 0, to: bytes.count, by: pieces) where !stops.isFound {
      said += stops.take(bytes[start..<min(start + pieces, bytes.count)])
    }
    if !stops.isFound { said += stops.rest() }
    return (String(decoding: said, as: UTF8.self), stops.isFound)
  }

  private static let cases: [(String, [String], String?)] = [
    ("one STOP two", ["STOP"], "one "), ("one two", ["STOP"], nil), ("", ["a"], nil),
    ("STOP", ["STOP"], ""), ("aaaab", ["aab"], "aa"), ("abababac", ["ababac"], "ab"),
    ("abcd", ["abcd", "bc"], "a"), ("xabc", ["bc", "abc"], "x"), ("ab", ["b", "a"], ""),
    ("ein Ärger", ["Ä"], "ein "), ("ein ärger", ["Ä"], nil), ("🦄🦄", ["🦄🦄"], ""),
    ("a\u{0}b", ["\u{0}"], "a"), ("aaa", ["aaaa"], nil),
  ]

  @Test(arguments: cases)
  func `a text ends at the first sequence however it comes`(
    text: String, sequences: [String], end: String?
  ) {
    for pieces in 1...8 {
      let (said, isFound) = said(text, sequences, pieces: pieces)
      #expect(said == end ?? text)
      #expect(isFound == (end != nil))
    }
  }

  @Test func `pieces say the same as a plain search`() {
    var state: UInt64 = 1
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    func word(_ length: Int) -> String {
      String((0..<length).map { _ in ["a", "b", "é"][random(3)] }.joined())
    }
    for _ in 0..<3000 {
      let text = word(random(24))
      let sequences = (0...random(3)).map { _ in word(1 + random(4)) }
      let bytes = Array(text.utf8)
      // The sequence that ends first counts, of several the longest.
      let end = bytes.indices.first { end in
        sequences.contains { bytes[...end].suffix($0.utf8.count).elementsEqual($0.utf8) }
      }
      let longest = end.map { end in
        sequences.filter { bytes[...end].suffix($0.utf8.count).elementsEqual($0.utf8) }
          .map(\.utf8.count).max() ?? 0
      }
      let expected = end.map {
        String(decoding: bytes[..<($0 + 1 - (longest ?? 0))], as: UTF8.self)
      }
      let (said, isFound) = said(text, sequences, pieces: 1 + random(5))
      #expect(said == expected ?? text, "\(text) \(sequences)")
      #expect(isFound == (expected != nil))
    }
  }
}
