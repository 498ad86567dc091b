internal import JSON

/// Decides what a request is answered with.
struct AnswerPlan: Sendable {
  let items: [OutputItem]
  /// Whether `max_output_tokens` cut the answer.
  let isCut: Bool
  let usage: Usage

  init(_ request: CreateRequest, _ context: Context, _ controls: AnswerControls) {
    let reasoning = Self.reasoning(request, context)
    var items = reasoning.map { [OutputItem.reasoning($0)] } ?? []
    var tokens = reasoning?.tokens ?? 0
    let calls = ToolCalls(request, context, controls).calls
    if calls.isEmpty {
      let message = Self.message(request, context, controls, spent: tokens)
      tokens += message.pieces.count + message.burst
      isCut = message.isCut
      items.append(.message(message))
    } else {
      tokens += calls.reduce(0) { $0 + 4 + Words.count($1.arguments) }
      isCut = false
      items += calls.map(OutputItem.call)
    }
    self.items = controls.repeatsItemIDs ? items.map(\.withCommonID) : items
    usage = Usage(
      input: context.tokens + Words.count(request.instructions ?? ""),
      cached: context.inheritedTokens, output: tokens, reasoning: reasoning?.tokens ?? 0)
  }

  private static func message(
    _ request: CreateRequest, _ context: Context, _ controls: AnswerControls, spent: Int
  ) -> OutputItem.Message {
    var pieces = Words.split(AnswerText(request, context, controls).text)
    if let bytes = controls.hugeDelta {
      pieces.insert(String(repeating: "x", count: bytes), at: 0)
    }
    guard let limit = request.maximumOutputTokens, pieces.count + spent > limit else {
      return OutputItem.Message(pieces: pieces, isCut: false, burst: controls.burst ?? 0)
    }
    return OutputItem.Message(pieces: Array(pieces.prefix(max(limit - spent, 0))), isCut: true)
  }

  private static func reasoning(
    _ request: CreateRequest, _ context: Context
  ) -> OutputItem.Reasoning? {
    let isReasoningModel = request.model.hasPrefix("o") && request.effort != nil
    let isAsked = context.question?.text.lowercased().contains("think first") ?? false
    guard isReasoningModel || isAsked else { return nil }
    let thought = "**Simulating thought** There is no model here, so this thought is short."
    let wantsSummary = request.members["reasoning"]?.nonNull("summary") != nil
    let isEncrypted = request.includes("reasoning.encrypted_content")
    return OutputItem.Reasoning(
      summary: wantsSummary ? Words.split(thought) : [],
      encrypted: isEncrypted ? Identifier.make("enc") + Identifier.make("") : nil,
      tokens: Words.count(thought))
  }

  /// The items at the end, for the response and for the chain.
  var output: [RawJSON] { items.map { $0.json(isDone: true) } }
}
