/// Turns what a person types into a query that the index always understands.
///
/// Words must all occur; words in double quotes must follow each other; a `*` at the end of a word
/// stands for any ending. Everything else is text: no operator of FTS5 is reachable.
package enum SearchQuery {
  /// More words make no search better and the index slower.
  private static let maximumTerms = 32

  /// The query in FTS5's language; nil when there is no word in it.
  package static func expression(_ text: String) -> String? {
    var terms: [String] = []
    for (index, section) in text.split(separator: "\"", omittingEmptySubsequences: false)
      .enumerated()
    {
      if index.isMultiple(of: 2) {
        terms += section.split(whereSeparator: isSeparator).compactMap(word)
      } else if hasWord(section) {
        terms.append("\"\(section.filter { !isSeparator($0) || $0 == " " })\"")
      }
    }
    return terms.isEmpty ? nil : terms.prefix(maximumTerms).joined(separator: " ")
  }

  private static func word(_ text: Substring) -> String? {
    guard hasWord(text) else { return nil }
    return text.hasSuffix("*") ? "\"\(text.dropLast())\" *" : "\"\(text)\""
  }

  private static func isSeparator(_ character: Character) -> Bool {
    character.isWhitespace || character == "\0"
  }

  /// The index knows letters and digits only.
  private static func hasWord(_ text: Substring) -> Bool {
    text.unicodeScalars.contains {
      $0.properties.isAlphabetic || $0.properties.numericType != nil
    }
  }
}
