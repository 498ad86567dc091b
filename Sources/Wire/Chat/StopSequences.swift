/// Finds the first of some sequences in a text that comes in pieces.
///
/// Text that may be the beginning of a sequence is held back until it is decided. Of sequences that
/// end at the same place the longest counts. Time is linear in the text whatever it is: each sequence
/// is searched for by its failure function (Knuth, Morris, Pratt). As sequences begin and end with
/// whole characters, so does what is handed out.
package struct StopSequences {
  private struct Search {
    let sequence: [UInt8]
    /// How much of the sequence is matched still when the byte behind so many does not match.
    let shorter: [Int]
    var matched = 0

    init(_ text: String) {
      sequence = Array(text.utf8)
      var shorter = [0, 0]
      for index in sequence.indices.dropFirst() {
        var length = shorter[index]
        while length > 0, sequence[length] != sequence[index] { length = shorter[length] }
        shorter.append(sequence[length] == sequence[index] ? length + 1 : 0)
      }
      self.shorter = shorter
    }

    /// Whether the sequence ends with the byte.
    mutating func take(_ byte: UInt8) -> Bool {
      while matched > 0, sequence[matched] != byte { matched = shorter[matched] }
      if sequence[matched] == byte { matched += 1 }
      return matched == sequence.count
    }
  }

  private var searches: [Search]
  private var held: [UInt8] = []
  /// Whether a sequence was found; nothing more is to be taken then.
  package private(set) var isFound = false

  /// - Parameter sequences: none of them empty.
  package init(_ sequences: [String]) {
    searches = sequences.filter { !$0.isEmpty }.map { Search($0) }
  }

  package var isEmpty: Bool { searches.isEmpty }
  /// Whether some text is held back.
  package var isHolding: Bool { !held.isEmpty }

  /// Takes the next piece and returns what can be said of the text by now.
  package mutating func take(_ piece: some Sequence<UInt8>) -> [UInt8] {
    var text = held
    held = []
    for byte in piece {
      text.append(byte)
      guard let length = longestEnd(with: byte) else { continue }
      isFound = true
      return Array(text.dropLast(length))
    }
    let undecided = searches.map(\.matched).max() ?? 0
    held = text.suffix(undecided)
    return text.dropLast(undecided)
  }

  /// What was held back, when the text has ended.
  package mutating func rest() -> [UInt8] {
    defer { held = [] }
    return held
  }

  private mutating func longestEnd(with byte: UInt8) -> Int? {
    var longest: Int?
    for index in searches.indices where searches[index].take(byte) {
      longest = max(longest ?? 0, searches[index].sequence.count)
    }
    return longest
  }
}
