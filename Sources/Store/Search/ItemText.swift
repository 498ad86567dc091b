internal import JSON

/// The text of a message, for the search index and its snippets.
///
/// The index is told the same text again when an item is deleted, so what this returns for an item
/// may change only together with a step of the schema that builds the indexes anew.
enum ItemText {
  /// Bytes of one item that are indexed; more would hold up others for too long.
  private static let maximumBytes = 1 << 20

  /// The text parts of a message, on lines of their own; nil for other items and without text.
  static func said(in item: RawJSON) -> String? {
    guard item.kind == .object, item["type"] == nil || item["type"]?.string == "message",
      let content = item["content"]
    else { return nil }
    let texts = content.string.map { [$0] } ?? content.elements.compactMap(text)
    let text = texts.joined(separator: "\n")
    guard text.utf8.count > maximumBytes else { return text.isEmpty ? nil : text }
    return String(decoding: text.utf8.prefix(maximumBytes), as: UTF8.self)
  }

  /// Characters of a title.
  private static let longestTitle = 80

  /// The first words of a message, on one line; nil without a word.
  static func title(of item: RawJSON) -> String? {
    guard let text = said(in: item) else { return nil }
    var title = ""
    for word in text.prefix(4 * longestTitle).split(whereSeparator: \.isWhitespace) {
      let longer = title.isEmpty ? String(word) : "\(title) \(word)"
      guard longer.count <= longestTitle else {
        return (title.isEmpty ? String(word.prefix(longestTitle - 1)) : title) + "…"
      }
      title = longer
    }
    return title.isEmpty ? nil : title
  }

  private static func text(of part: RawJSON) -> String? {
    switch part["type"]?.string {
    case "input_text", "output_text", "text": part["text"]?.string
    case "refusal": part["refusal"]?.string
    default: nil
    }
  }
}
