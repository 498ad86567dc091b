/// What is known of a request's usage when it starts.
package struct NewUsage: Sendable {
  package var subject: Subject
  package var client: String
  package var clientPID: Int32?
  /// The id of its conversation.
  package var conversation: String?
  /// A response that has begun; its events tell how far it came, should the daemon die.
  package var response: ResponseHandle?
  package var upstream: String
  package var model: String
  /// The day of the local calendar as in 20260131.
  package var day: Int
  /// Estimated.
  package var inputTokens = 0
  /// Billionths of a dollar for the estimated input; nil where no price is known.
  package var inputCost: Int64?
  /// Billionths of a dollar for a million tokens of output.
  package var outputPrice: Int64?

  package init(of subject: Subject, client: String, upstream: String, model: String, day: Int) {
    self.subject = subject
    self.client = client
    self.upstream = upstream
    self.model = model
    self.day = day
  }
}

/// Names a row of usage.
package struct UsageHandle: Sendable, Hashable {
  let row: Int64
}

/// The tokens of one or more requests.
package struct TokenCounts: Sendable, Equatable {
  package var input = 0
  /// Of the input, what the upstream had in its own cache.
  package var cached = 0
  package var output = 0
  /// Of the output.
  package var reasoning = 0

  package init(input: Int = 0, cached: Int = 0, output: Int = 0, reasoning: Int = 0) {
    self.input = input
    self.cached = cached
    self.output = output
    self.reasoning = reasoning
  }
}

/// What a request came to.
package struct UsageEnding: Sendable {
  /// Where the answer came from.
  package enum Origin: String, Sendable {
    case miss
    case hit
    case joined
  }

  /// Microseconds from the arrival of the request; nil where it did not come to that.
  package struct Timing: Sendable, Equatable {
    package var queue: Int64?
    package var connect: Int64?
    package var firstEvent: Int64?
    package var total: Int64?

    package init() {}
  }

  /// The response's status, or `failed` where there was an error instead.
  package var status: String
  package var origin: Origin
  /// Who answered, where that is not who was asked first.
  package var upstream: String?
  package var model: String?
  package var tokens = TokenCounts()
  package var timing = Timing()
  package var attempts = 0
  package var toolCalls = 0
  /// Billionths of a dollar; nil where no price is known.
  package var cost: Int64?
  /// Whether the upstream did not say what it used.
  package var isEstimated = false
  /// Whether a part of the input was cheaper by an unknown amount.
  package var isUpperBound = false

  package init(status: String, origin: Origin) {
    self.status = status
    self.origin = origin
  }
}
