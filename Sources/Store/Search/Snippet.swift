/// What stands around the words that were found.
struct Snippet {
  /// Longest snippet without its marks. A character that reads as one but is made of many scalars
  /// counts as many.
  private static let maximumScalars = 300
  /// Shown before the first found word.
  private static let lead = 60
  /// Words that are looked at behind the first found one.
  private static let wordsBehind = 128

  private let text: String
  /// Found words, in their order and apart from each other.
  private let found: [Range<String.Index>]

  init(of text: String, _ query: SearchQuery) {
    self.text = text
    found = Self.find(query, in: text)
  }

  // MARK: Finding

  private static func find(_ query: SearchQuery, in text: String) -> [Range<String.Index>] {
    let phrases = query.terms.flatMap { $0 }
    let longest = phrases.map(\.words.count).max() ?? 0
    var words: [SearchWord] = []
    var found: [Range<String.Index>] = []
    var left = wordsBehind
    for word in SearchWords(of: text) {
      words.append(word)
      if words.count > longest { words.removeFirst() }
      if let start = start(of: phrases, endingWith: word, words) {
        join(start..<word.range.upperBound, to: &found)
      }
      if !found.isEmpty { left -= 1 }
      if left == 0 { break }
    }
    return found
  }

  private static func join(_ range: Range<String.Index>, to found: inout [Range<String.Index>]) {
    var range = range
    while let last = found.last, last.upperBound > range.lowerBound {
      range = min(last.lowerBound, range.lowerBound)..<max(last.upperBound, range.upperBound)
      found.removeLast()
    }
    found.append(range)
  }

  /// Where the longest phrase begins whose last word is this; nil where none ends here.
  private static func start(
    of phrases: [SearchQuery.Phrase], endingWith word: SearchWord, _ words: [SearchWord]
  ) -> String.Index? {
    let parts = word.parts
    return phrases.compactMap { phrase in
      if phrase.ends(with: word.text), words.suffix(phrase.words.count).map(\.text).matches(phrase)
      {
        return words.suffix(phrase.words.count).first?.range.lowerBound
      }
      return parts.contain(phrase) ? word.range.lowerBound : nil
    }
    .min()
  }

  // MARK: Cutting

  /// The text around what was found, with marks before and behind that, and dots where it was cut.
  func marked(_ marks: (before: String, after: String)) -> String {
    let window = window
    var shown = window.lowerBound > text.startIndex ? "…" : ""
    var position = window.lowerBound
    for range in found {
      let start = max(range.lowerBound, position)
      let end = min(range.upperBound, window.upperBound)
      guard start < end else { continue }
      shown += "\(text[position..<start])\(marks.before)\(text[start..<end])\(marks.after)"
      position = end
    }
    shown += text[position..<window.upperBound]
    return window.upperBound < text.endIndex ? shown + "…" : shown
  }

  private var window: Range<String.Index> {
    let scalars = text.unicodeScalars
    let whole = scalars.index(
      scalars.startIndex, offsetBy: Self.maximumScalars, limitedBy: scalars.endIndex)
    guard let whole, whole < scalars.endIndex else { return text.startIndex..<text.endIndex }
    let first = found.first?.lowerBound ?? text.startIndex
    let earliest = scalars.index(first, offsetBy: -Self.lead, limitedBy: scalars.startIndex)
    let start = beginning(from: earliest ?? text.startIndex, before: first)
    let latest = scalars.index(
      start, offsetBy: Self.maximumScalars - 2, limitedBy: scalars.endIndex)
    return start..<ending(at: latest ?? text.endIndex, after: start)
  }

  /// Behind the first space, if there is one; else before a character.
  private func beginning(from earliest: String.Index, before first: String.Index) -> String.Index {
    guard earliest > text.startIndex else { return earliest }
    let lead = text.unicodeScalars[earliest..<first]
    if let space = lead.firstIndex(where: \.properties.isWhitespace) {
      return text.unicodeScalars.index(after: space)
    }
    let boundary = lead.indices.first { isBoundary($0) }
    return boundary ?? first
  }

  /// Before the last space, if there is one near the end; else behind a character.
  private func ending(at latest: String.Index, after start: String.Index) -> String.Index {
    guard latest < text.endIndex else { return latest }
    let scalars = text.unicodeScalars
    let near = scalars.index(latest, offsetBy: -Self.lead, limitedBy: start) ?? start
    if let space = scalars[near..<latest].lastIndex(where: \.properties.isWhitespace),
      found.first.map({ $0.upperBound <= space }) ?? true
    {
      return space
    }
    let boundary = scalars[near..<latest].indices.reversed().first { isBoundary($0) }
    return boundary ?? latest
  }

  /// Whether a character begins there.
  private func isBoundary(_ index: String.Index) -> Bool {
    index.samePosition(in: text) != nil
  }
}

extension SearchQuery.Phrase {
  fileprivate func ends(with word: String) -> Bool {
    guard let last = words.last else { return false }
    return isOpen ? word.hasPrefix(last) : word == last
  }
}

extension [String] {
  fileprivate func matches(_ phrase: SearchQuery.Phrase) -> Bool {
    guard count == phrase.words.count, let last else { return false }
    return phrase.ends(with: last) && dropLast() == phrase.words.dropLast()
  }

  fileprivate func contain(_ phrase: SearchQuery.Phrase) -> Bool {
    guard count >= phrase.words.count else { return false }
    return (0...count - phrase.words.count).contains {
      Array(self[$0..<$0 + phrase.words.count]).matches(phrase)
    }
  }
}
