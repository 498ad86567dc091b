/// A message as it is put into the index: each of the columns is words with spaces between them.
struct IndexedText {
  /// Stands in no word that is typed. It keeps the parts of two compounds from following each other.
  private static let mark = "·"

  private(set) var words = ""
  /// The parts of compounds.
  private(set) var parts = ""

  init(_ text: String) {
    words.reserveCapacity(text.utf8.count)
    for word in SearchWords(of: text) {
      words += word.text
      words += " "
      let compound = word.parts
      guard !compound.isEmpty else { continue }
      for part in compound {
        parts += part
        parts += " "
      }
      parts += "\(Self.mark) "
    }
  }

  /// The word of all that was said in one conversation.
  static func place(_ conversation: Int64?) -> String {
    "\(mark)\(conversation ?? 0)"
  }
}
