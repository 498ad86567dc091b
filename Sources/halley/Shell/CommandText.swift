/// The command in an answer that may have put it into Markdown, whole or still growing.
struct CommandText {
  private static let fence = "```"

  /// Nothing while an answer that grows has not come to its command.
  let text: String

  init(_ answer: String) {
    var rest = Self.trim(answer[...])
    if rest.hasPrefix(Self.fence) || Self.fence.hasPrefix(rest) {
      rest = Self.block(rest)
    } else if rest.first == "`", rest.last == "`", rest.count > 2,
      !rest.dropFirst().dropLast().contains("`")
    {
      rest = rest.dropFirst().dropLast()
    }
    text = String(rest)
  }

  /// What stands between the fences; the second may not have come yet.
  private static func block(_ text: Substring) -> Substring {
    guard let first = text.firstIndex(where: \.isNewline) else { return "" }
    let body = text[text.index(after: first)...]
    guard let close = body.range(ofLine: fence) else { return trim(body) }
    return trim(body[..<close])
  }

  private static func trim(_ text: Substring) -> Substring {
    var text = text
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isNewline == true { text.removeLast() }
    return text
  }
}

extension Substring {
  /// Where the first line begins that starts with a text.
  fileprivate func range(ofLine start: String) -> Index? {
    var index = startIndex
    while index < endIndex {
      if self[index...].hasPrefix(start) { return index }
      guard let newline = self[index...].firstIndex(where: \.isNewline) else { return nil }
      index = self.index(after: newline)
    }
    return nil
  }
}
