/// What a person types, as words that the index knows.
///
/// Words must all occur; words in double quotes must follow each other; a `*` at the end of a word
/// stands for any ending. Everything else is text: no operator of FTS5 is reachable.
package struct SearchQuery {
  /// Words that follow each other.
  struct Phrase {
    let words: [String]
    /// Whether the last one may go on.
    let isOpen: Bool

    fileprivate var expression: String {
      "\"\(words.joined(separator: " "))\"\(isOpen ? " *" : "")"
    }
  }

  /// More words make no search better and the index slower.
  private static let maximumTerms = 32
  private static let longestPhrase = 64

  /// All must occur, each in one of its spellings.
  private(set) var terms: [[Phrase]] = []

  init(_ text: String) {
    for (index, section) in text.split(separator: "\"", omittingEmptySubsequences: false)
      .enumerated()
    {
      if index.isMultiple(of: 2) {
        for word in section.split(whereSeparator: Self.isSeparator) { add(word) }
      } else {
        add(section, isPhrase: true)
      }
    }
  }

  private static func isSeparator(_ character: Character) -> Bool {
    character.isWhitespace || character == "\0"
  }

  private mutating func add(_ text: Substring, isPhrase: Bool = false) {
    guard terms.count < Self.maximumTerms else { return }
    let words = SearchWords(of: String(text)).prefix(Self.longestPhrase).map { $0 }
    guard !words.isEmpty else { return }
    let isOpen = !isPhrase && text.hasSuffix("*")
    var phrases = [Phrase(words: words.map(\.text), isOpen: isOpen)]
    if words.contains(where: { !$0.parts.isEmpty }) {
      let parts = words.flatMap { $0.parts.isEmpty ? [$0.text] : $0.parts }
      phrases.append(Phrase(words: parts, isOpen: isOpen))
    }
    terms.append(phrases)
  }

  /// The query in FTS5's language; nil when there is no word in it.
  package static func expression(_ text: String) -> String? {
    SearchQuery(text).expression
  }

  var expression: String? {
    guard !terms.isEmpty else { return nil }
    return terms.map { phrases in
      let spellings = phrases.map(\.expression).joined(separator: " OR ")
      return phrases.count == 1 ? spellings : "(\(spellings))"
    }
    .joined(separator: " AND ")
  }
}
