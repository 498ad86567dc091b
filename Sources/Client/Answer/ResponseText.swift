package import JSON

/// Reads the text out of a response object.
package enum ResponseText {
  /// The text of all messages, a blank line between two.
  package static func text(of response: RawJSON) -> String {
    var text = ""
    var hasMessage = false
    for item in response["output"]?.elements ?? [] where item["type"]?.string == "message" {
      hasMessage = true
      let message = parts(of: item, "output_text", "text").joined()
      if !text.isEmpty, !message.isEmpty { text += separator(behind: Array(text.utf8)) }
      text += message
    }
    return hasMessage ? text : response["output_text"]?.string ?? ""
  }

  package static func refusal(of response: RawJSON) -> String? {
    let refusals = (response["output"]?.elements ?? []).flatMap {
      parts(of: $0, "refusal", "refusal")
    }
    return refusals.isEmpty ? nil : refusals.joined(separator: "\n")
  }

  /// The names of functions that the model wants to be called by whoever asked.
  package static func pendingCalls(of response: RawJSON) -> [String] {
    let items = response["output"]?.elements ?? []
    let answered = Set(
      items.filter { $0["type"]?.string == "function_call_output" }.compactMap {
        $0["call_id"]?.string
      })
    return items.compactMap { item in
      guard item["type"]?.string == "function_call", let name = item["name"]?.string,
        !answered.contains(item["call_id"]?.string ?? "")
      else { return nil }
      return "\(name)(\(item["arguments"]?.string ?? ""))"
    }
  }

  /// What makes a blank line behind a text.
  static func separator(behind text: [UInt8]) -> String {
    if text.suffix(2).elementsEqual("\n\n".utf8) { return "" }
    return text.last == 0x0A ? "\n" : "\n\n"
  }

  private static func parts(of item: RawJSON, _ type: String, _ member: String) -> [String] {
    (item["content"]?.elements ?? []).compactMap { part in
      part["type"]?.string == type ? part[member]?.string : nil
    }
  }
}
