internal import JSON

/// The text of a chat completion with its tokens' probabilities, up to a stop sequence.
struct ChatText {
  private var stops: StopSequences
  private let hasLogprobs: Bool
  private var said: [UInt8] = []
  /// What is to be told, as it came, where that is one whole piece.
  private var whole: RawJSON?
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
    let isAlone = said.isEmpty && whole == nil && !stops.isHolding
    let text = stops.take((delta.string ?? "").utf8)
    if isAlone, !stops.isHolding, !isCut {
      whole = delta
    } else {
      said += (whole?.string ?? "").utf8 + text
      whole = nil
    }
  }

  /// Ends the text, of which nothing is held back then.
  mutating func end() {
    if !isCut { said += stops.rest() }
  }

  /// What can be told now; nil where there is nothing.
  mutating func next() -> (text: RawJSON, logprobs: RawJSON?)? {
    guard whole != nil || !said.isEmpty else { return nil }
    let text = whole ?? .string(String(decoding: said, as: UTF8.self))
    toldBytes += hasLogprobs ? (text.string ?? "").utf8.count : 0
    whole = nil
    said = []
    guard hasLogprobs, isCut || !stops.isHolding else { return (text, nil) }
    let told = isCut ? ChatParts.tokens(tokens, within: toldBytes) : tokens
    tokens = []
    toldBytes = 0
    return (text, ChatParts.logprobs(told))
  }
}
