internal import Configuration
internal import EventLoop
internal import JSON
internal import Store
internal import Wire

/// What a response used and cost.
extension TurnDriver {
  /// Billionths of a dollar once it has ended; nil where no price is known.
  var cost: NanoDollars? { meter.ending?.cost.map { NanoDollars($0) } }

  /// Settles what the response used, before its end is written.
  func settleUsage(_ status: String, _ response: RawJSON?) {
    var ending = UsageEnding(status: status, origin: repeated == nil ? .miss : .hit)
    ending.attempts = turn.attempts
    ending.toolCalls = toolCalls.count
    ending.timing = usageTiming
    let tokens = repeated == nil ? response.flatMap { UsageReader.tokens(of: $0) } : TokenCounts()
    meter.settle(
      ending, tokens: tokens, estimate: { estimatedTokens(response) }, upstream: upstreamName,
      answered: { [self] in repeated == nil ? response?["model"]?.string : nil })
  }

  /// What was sent is paid for, unless the upstream refused it; what came of the answer, too.
  private func estimatedTokens(_ response: RawJSON?) -> TokenCounts {
    guard attempts?.mayHaveRun == true else { return turn.rounds.tokens }
    return TokenCounts(
      input: turn.rounds.tokens.input + meter.usage.inputTokens, cached: turn.rounds.tokens.cached,
      output: response.map { TokenEstimate.output(of: $0) } ?? turn.rounds.tokens.output,
      reasoning: turn.rounds.tokens.reasoning)
  }

  private var usageTiming: UsageEnding.Timing {
    var used = UsageEnding.Timing()
    used.total = Int64((EventLoop.now - created).wholeMicroseconds)
    guard turn.attempts > 0 else { return used }
    used.queue = Int64(timing.queue.wholeMicroseconds)
    used.connect = Int64(timing.connect.wholeMicroseconds)
    used.firstEvent = timing.firstEvent.map { Int64($0.wholeMicroseconds) }
    return used
  }
}
