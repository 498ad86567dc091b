package import JSON

/// The line that says what an answer has taken, as in
/// `gpt-5.4 · 12 in (8 cached) · 340 out (64 reasoning) · $0.0012 · 1.2 s · in notes`.
package enum UsageLine {
  /// Passes over what the response does not tell.
  package static func text(of response: RawJSON) -> String {
    let halley = response["halley"] ?? .emptyObject
    let usage = response["usage"] ?? .emptyObject
    let parts = [
      response["model"]?.string,
      tokens(usage, "input_tokens", "in", "input_tokens_details", "cached_tokens", "cached"),
      tokens(
        usage, "output_tokens", "out", "output_tokens_details", "reasoning_tokens", "reasoning"),
      halley["cost_usd"]?.double.map(Quantity.dollars),
      halley["timing_ms"]?["total"]?.double.map(Quantity.duration),
      origin(halley["cache"]?.string),
      halley["left_out"]?.integer.map { "\($0) earlier item\($0 == 1 ? "" : "s") left out" },
      halley["conversation"]?["name"]?.string.map { "in \($0)" },
    ]
    return parts.compactMap(\.self).joined(separator: " · ")
  }

  private static func tokens(
    _ usage: RawJSON, _ key: String, _ unit: String, _ details: String, _ part: String,
    _ partName: String
  ) -> String? {
    guard let count = usage[key]?.integer else { return nil }
    guard let inner = usage[details]?[part]?.integer, inner > 0 else { return "\(count) \(unit)" }
    return "\(count) \(unit) (\(inner) \(partName))"
  }

  private static func origin(_ cache: String?) -> String? {
    switch cache {
    case "hit": "from the cache"
    case "joined": "shared with a running request"
    default: nil
    }
  }
}
