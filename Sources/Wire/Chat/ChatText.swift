internal import JSON

/// The text of a chat completion with its tokens' probabilities, up to a stop sequence.
struct ChatText {
  private var stops: StopSequences
  private let hasLogprobs: Bool
  private var said: [UInt8] = []
  /// Tokens of text that was not told whole yet.
  private var tokens: [RawJSON] = []
  /// Bytes of the text of these tokens that were told.
  private var toldBytes = 0

  init(_ options: ChatReplyOptions) {
    stops = StopSequences(options.stop)
    hasLogprobs = options.hasLogprobs
  }

  /// Whether each piece is told as it comes.
  var isPlain: Bool { stops.isEmpty && !hasLogprobs }
  /// Whether a stop sequence was found.
  var isCut: Bool { stops.isFound }

  mutating func take(_ delta: RawJSON, _ logprobs: RawJSON?) {
    guard !isCut else { return }
    if hasLogprobs { tokens += ChatParts.tokens(logprobs) }
    said += stops.take((delta.string ?? "").utf8)
  }

  /// Ends the text, of which nothing is held back then.
  mutating func end() {
    if !isCut { said += stops.rest() }
  }

  /// What can be told now; nil where there is nothing.
  mutating func next() -> (text: RawJSON, logprobs: RawJSON)? {
    guard !said.isEmpty else { return nil }
    let text = String(decoding: said, as: UTF8.self)
    toldBytes += said.count
    said = []
    var told: [RawJSON] = []
    if isCut || !stops.isHolding {
      told = isCut ? ChatParts.tokens(tokens, within: toldBytes) : tokens
      tokens = []
      toldBytes = 0
    }
    return (.string(text), ChatParts.logprobs(told))
  }
}
