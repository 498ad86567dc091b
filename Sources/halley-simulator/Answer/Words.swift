/// Cuts text into the pieces that stand in for tokens.
enum Words {
  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || 0x09...0x0D ~= byte }

  /// Counts runs of bytes that are not white space.
  static func count(_ text: String) -> Int {
    var count = 0
    var isInside = false
    for byte in text.utf8 {
      let isWord = !isSpace(byte)
      if isWord, !isInside { count += 1 }
      isInside = isWord
    }
    return count
  }

  /// Cuts before the white space of each word but the first; joined, the pieces are the text.
  static func split(_ text: String) -> [String] {
    var pieces: [String] = []
    var piece: [UInt8] = []
    var hasWord = false
    for byte in text.utf8 {
      if isSpace(byte), hasWord {
        pieces.append(String(decoding: piece, as: UTF8.self))
        piece.removeAll(keepingCapacity: true)
        hasWord = false
      }
      hasWord = hasWord || !isSpace(byte)
      piece.append(byte)
    }
    guard !piece.isEmpty else { return pieces }
    let rest = String(decoding: piece, as: UTF8.self)
    if hasWord || pieces.isEmpty {
      pieces.append(rest)
    } else {
      pieces[pieces.count - 1] += rest
    }
    return pieces
  }
}
