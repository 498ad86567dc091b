/// The command in an answer that may have put it into Markdown, whole or still growing.
struct CommandText {
  private static let fence = "```"

  /// Nothing while an answer that grows has not come to its command.
  let text: String

  init(_ answer: String) {
    let answer = Self.withoutControls(answer)
    var rest = Self.trim(answer[...])
    if let start = rest.range(ofLine: Self.fence) {
      // What stands before and behind it is said about the command, and is none.
      rest = Self.block(rest[start...])
    } else if Self.fence.hasPrefix(rest) {
      rest = ""
    } else if rest.first == "`", rest.last == "`", rest.count > 2,
      !rest.dropFirst().dropLast().contains("`")
    {
      rest = rest.dropFirst().dropLast()
    }
    text = String(rest)
  }

  /// What would move the cursor, end the line or turn its direction has no place in a command that
  /// somebody is to read before it runs.
  private static func withoutControls(_ answer: String) -> String {
    var text = String.UnicodeScalarView()
    for scalar in answer.unicodeScalars {
      switch scalar.value {
      case 0x0A: text.append(scalar)
      case 0x09: text.append(" ")
      case 0x00..<0x20, 0x7F..<0xA0: continue
      // Unicode's Bidi_Control, and the mark of byte order.
      case 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: continue
      default: text.append(scalar)
      }
    }
    return String(text)
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
