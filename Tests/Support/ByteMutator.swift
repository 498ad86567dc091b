/// Changes texts at random, the same way each time: it is begun with a number.
package struct ByteMutator {
  private var state: UInt64
  private let words: [[UInt8]]

  /// - Parameter words: what is put in now and then.
  package init(seed: UInt64, words: [String]) {
    state = seed
    self.words = words.map { Array($0.utf8) }
  }

  /// The next of a row of random numbers (SplitMix64).
  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
    return bits ^ bits >> 31
  }

  package mutating func number(below bound: Int) -> Int {
    Int(next() % UInt64(max(bound, 1)))
  }

  /// A text that differs from another in one to four places.
  package mutating func mutant(of text: [UInt8]) -> [UInt8] {
    var mutant = text
    for _ in 0...number(below: 4) { change(&mutant) }
    return mutant
  }

  private mutating func change(_ text: inout [UInt8]) {
    let start = number(below: text.count + 1)
    let end = min(text.count, start + 1 + number(below: 24))
    switch number(below: 6) {
    case 0: text.replaceSubrange(start..<end, with: words[number(below: words.count)])
    case 1: text.insert(contentsOf: words[number(below: words.count)], at: start)
    case 2: text.removeSubrange(start..<end)
    case 3: text.insert(contentsOf: text[start..<end], at: number(below: text.count + 1))
    case 4: text.removeSubrange(start...)
    default: if start < text.count { text[start] = UInt8(truncatingIfNeeded: next()) }
    }
  }
}
