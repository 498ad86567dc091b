/// What a page says that came where an API's error was expected, such as a gateway's.
enum PageText {
  /// Characters of what is told of it.
  private static let longest = 200

  /// The page's title or first heading, else its text, on one line.
  static func line(of page: String) -> String {
    let start = page.drop(while: \.isWhitespace)
    let text = start.first == "<" ? words(ofMarkup: start) : start
    let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return line.count > longest ? line.prefix(longest - 1) + "…" : line
  }

  private static func words(ofMarkup page: Substring) -> Substring {
    for tag in ["title", "h1"] {
      if let words = element(tag, of: page), !words.allSatisfy(\.isWhitespace) { return words }
    }
    return withoutTags(page)
  }

  private static func element(_ tag: String, of page: Substring) -> Substring? {
    guard let open = page.firstRange(of: "<\(tag)") ?? page.firstRange(of: "<\(tag.uppercased())"),
      let start = page[open.upperBound...].firstIndex(of: ">")
    else { return nil }
    return withoutTags(page[page.index(after: start)...].prefix(upToTag: tag))
  }

  private static func withoutTags(_ page: Substring) -> Substring {
    var text = ""
    var isInTag = false
    for character in page {
      switch character {
      case "<": isInTag = true
      case ">" where isInTag:
        isInTag = false
        text += " "
      default: if !isInTag { text.append(character) }
      }
    }
    return text[...]
  }
}

extension Substring {
  /// What stands before an element's end.
  fileprivate func prefix(upToTag tag: String) -> Substring {
    let end = firstRange(of: "</\(tag)") ?? firstRange(of: "</\(tag.uppercased())")
    return end.map { self[..<$0.lowerBound] } ?? self
  }
}
