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
    let told = members(of: usage, members)
    let older = members(of: usage, olderMembers)
    let input = (told.input ?? older.input).flatMap(count)
    let output = (told.output ?? older.output).flatMap(count)
    guard input != nil || output != nil else { return nil }
    var tokens = TokenCounts(input: input ?? 0, output: output ?? 0)
    let cached = (told.inputDetails ?? older.inputDetails)?.nonNull("cached_tokens")
    tokens.cached = min(tokens.input, cached.flatMap(count) ?? 0)
    let reasoning = (told.outputDetails ?? older.outputDetails)?.nonNull("reasoning_tokens")
    tokens.reasoning = min(tokens.output, reasoning.flatMap(count) ?? 0)
    return tokens
  }

  private static let members = MemberNames(
    "input_tokens", "output_tokens", "input_tokens_details", "output_tokens_details")
  /// Names of the older API are taken too: gateways translate not everything.
  private static let olderMembers = MemberNames(
    "prompt_tokens", "completion_tokens", "prompt_tokens_details", "completion_tokens_details")

  private struct Members {
    var input: RawJSON?
    var output: RawJSON?
    var inputDetails: RawJSON?
    var outputDetails: RawJSON?
  }

  private static func members(of usage: RawJSON, _ names: MemberNames) -> Members {
    var found = Members()
    usage.forEach(names) { name, value in
      let value = value.isNull ? nil : value
      switch name {
      case 0: found.input = value
      case 1: found.output = value
      case 2: found.inputDetails = value
      default: found.outputDetails = value
      }
    }
    return found
  }

  /// Far above what any model takes; sums of it fit 64 bits.
  private static let largestCount = 1e12

  private static func count(_ json: RawJSON) -> Int? {
    json.double.map { Int(max(0, min($0, largestCount))) }
  }
}
