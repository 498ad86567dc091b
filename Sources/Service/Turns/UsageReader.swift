package import JSON
package import Store

/// Reads how many tokens a response took from its object.
package enum UsageReader {
  /// The counts of the member `usage`; nil where the upstream did not say.
  ///
  /// Details that are missing count as none. Counts below zero and parts above their whole, which
  /// some upstreams send, are brought into bounds.
  package static func tokens(of response: RawJSON) -> TokenCounts? {
    guard let usage = response.nonNull("usage"), usage.kind == .object else { return nil }
    let input = count(usage, "input_tokens", "prompt_tokens")
    let output = count(usage, "output_tokens", "completion_tokens")
    guard input != nil || output != nil else { return nil }
    var tokens = TokenCounts(input: input ?? 0, output: output ?? 0)
    tokens.cached = min(
      tokens.input,
      detail("cached_tokens", in: usage, "input_tokens_details", "prompt_tokens_details"))
    tokens.reasoning = min(
      tokens.output,
      detail("reasoning_tokens", in: usage, "output_tokens_details", "completion_tokens_details"))
    return tokens
  }

  /// Names of the older API are taken too: gateways translate not everything.
  private static func count(_ usage: RawJSON, _ name: String, _ olderName: String) -> Int? {
    (usage.nonNull(name) ?? usage.nonNull(olderName)).flatMap(count)
  }

  private static func detail(
    _ name: String, in usage: RawJSON, _ details: String, _ olderDetails: String
  ) -> Int {
    let holder = usage.nonNull(details) ?? usage.nonNull(olderDetails)
    return holder?.nonNull(name).flatMap(count) ?? 0
  }

  /// Far above what any model takes; sums of it fit 64 bits.
  private static let largestCount = 1e12

  private static func count(_ json: RawJSON) -> Int? {
    json.double.map { Int(max(0, min($0, largestCount))) }
  }
}
