package import JSON

/// Writes the items of a conversation as Markdown.
package enum Transcript {
  package static func markdown(_ items: [RawJSON]) -> String {
    items.compactMap(section).joined(separator: "\n")
  }

  /// Writes a conversation and its items as one JSON object.
  package static func json(_ conversation: RawJSON, _ items: [RawJSON]) -> String {
    RawJSON.object { export in
      export.member("conversation", conversation)
      export.key("items")
      export.array { for item in items { $0.value(item) } }
    }.text
  }

  private static func section(_ item: RawJSON) -> String? {
    switch item["type"]?.string ?? (item["role"] == nil ? "" : "message") {
    case "message":
      let role = item["role"]?.string ?? "unknown"
      let mark = item["status"]?.string == "incomplete" ? " (incomplete)" : ""
      let title = "\(role.prefix(1).uppercased())\(role.dropFirst())\(mark)"
      return "## \(title)\n\n\(text(item["content"]))\n"
    case "function_call":
      let call = "\(item["name"]?.string ?? "?")(\(item["arguments"]?.string ?? ""))"
      return "> calls `\(call)`\n"
    case "function_call_output":
      return "> is answered `\(oneLine(item["output"]))`\n"
    default:
      return nil
    }
  }

  /// The beginning of a message, on one line.
  package static func excerpt(_ message: RawJSON, columns: Int = 60) -> String {
    TerminalText.cut(text(message["content"]).replacing("\n", with: " "), to: columns)
  }

  private static func text(_ content: RawJSON?) -> String {
    if let text = content?.string { return text }
    return (content?.elements ?? []).map(part).joined(separator: "\n\n")
  }

  private static func part(_ part: RawJSON) -> String {
    if let text = part["text"]?.string ?? part["refusal"]?.string { return text }
    switch part["type"]?.string {
    case "input_image": return "*(an image)*"
    case "input_file": return "*(a file: \(part["filename"]?.string ?? "without a name"))*"
    case let type: return "*(\(type ?? "a part of unknown type"))*"
    }
  }

  private static func oneLine(_ output: RawJSON?) -> String {
    let text = output?.string ?? output?.text ?? ""
    return TerminalText.cut(text.replacing("\n", with: " "), to: 200)
  }
}
