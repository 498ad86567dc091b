internal import JSON

extension RawJSON {
  /// Whether a response object holds anything that was said or done: text, or an item of another
  /// kind that is whole. What was only thought, or only begun, is nothing.
  var hasContent: Bool {
    (self["output"]?.elements ?? []).contains { item in
      switch item["type"]?.string {
      case "reasoning": false
      case "message", nil: item["content"].map(Self.hasText) ?? false
      default: !["in_progress", "incomplete"].contains(item["status"]?.string)
      }
    }
  }

  private static func hasText(_ content: RawJSON) -> Bool {
    if let text = content.string { return !text.isEmpty }
    return content.elements.contains { part in
      switch part["type"]?.string {
      case "output_text", nil: part["text"]?.string?.isEmpty == false
      case "refusal": part["refusal"]?.string?.isEmpty == false
      default: true
      }
    }
  }
}
