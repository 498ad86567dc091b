package import JSON

/// Estimates tokens from the text, for what has to be known before the upstream says it or when it
/// never does. It errs high.
package enum TokenEstimate {
  /// Tokenizers of present models make a token of 4 bytes of English and of about 3 of other text
  /// and of code.
  private static let bytesPerToken = 3
  /// Role, type and delimiters of an item.
  private static let tokensPerItem = 8
  /// An image at high detail: 1105 tokens for one of 2048 × 1024 pixels, more for newer models.
  private static let tokensPerImage = 1600
  /// At low detail an image has a fixed size.
  private static let tokensPerSmallImage = 100
  /// A page of a document is about a thousand tokens of text and an image; the size of one that is
  /// named by its id or address is not known.
  private static let tokensPerFile = 8000
  /// What a response may come to where the request does not say; models allow more, but rarely use
  /// it.
  private static let usualOutput = 4096
  private static let fixedMembers = ["instructions", "tools", "text", "prompt"]

  /// The tokens that a request's input comes to.
  ///
  /// - Parameter body: of the request; its own `input` is not looked at.
  /// - Parameter items: the context and the request's own items.
  package static func input(body: RawJSON, items: [RawJSON]) -> Int {
    input(body: IndexedObject(body), items: items)
  }

  package static func input(body: IndexedObject, items: [RawJSON]) -> Int {
    var fixed = 0
    for name in fixedMembers {
      fixed += body.nonNull(name).map { tokens(ofBytes: $0.bytes.count) } ?? 0
    }
    return items.reduce(fixed) { $0 + tokensPerItem + tokens(ofItem: $1) }
  }

  /// The most tokens that a request may be answered with, as far as it says.
  package static func output(body: RawJSON) -> Int { output(body: IndexedObject(body)) }

  package static func output(body: IndexedObject) -> Int {
    guard let limit = body.nonNull("max_output_tokens")?.integer, limit > 0 else {
      return usualOutput
    }
    return Int(limit)
  }

  /// The tokens of what a response holds, as for one that was cut off.
  package static func output(of response: RawJSON) -> Int {
    (response["output"]?.objects ?? []).reduce(0) {
      $0 + tokensPerItem + tokens(ofItem: $1)
    }
  }

  /// The tokens of a text that a model wrote.
  package static func output(textBytes: Int) -> Int { tokens(ofBytes: textBytes) }

  private static func tokens(ofBytes count: Int) -> Int {
    (count + bytesPerToken - 1) / bytesPerToken
  }

  // MARK: Items

  private static func tokens(ofItem item: RawJSON) -> Int {
    let content = item["content"]
    let parts = content?.kind == .array ? content?.elements ?? [] : []
    let partBytes = parts.reduce(0) { $0 + $1.bytes.count }
    let rest = tokens(ofBytes: max(0, item.bytes.count - partBytes))
    return parts.reduce(rest) { $0 + tokens(ofPart: $1) }
  }

  private static func tokens(ofPart part: RawJSON) -> Int {
    switch part["type"]?.string {
    case "input_image":
      part["detail"]?.string == "low" ? tokensPerSmallImage : tokensPerImage
    case "input_file":
      // Base64 spells three bytes of the file in four.
      max(tokensPerFile, tokens(ofBytes: (part["file_data"]?.bytes.count ?? 0) / 4 * 3))
    default: tokens(ofBytes: part.bytes.count)
    }
  }
}
