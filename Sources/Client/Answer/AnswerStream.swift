package import JSON

/// Follows the events of one response and tells what of them is text to show.
package struct AnswerStream {
  package enum Piece: Equatable, Sendable {
    /// A part of the answer. A second message is set off by a blank line.
    case text(String)
    case refusal(String)
    /// A part of the summary of what the model thinks.
    case reasoning(String)
  }

  /// The answer so far.
  package private(set) var text: [UInt8] = []
  package private(set) var hasRefusal = false
  private var message: RawJSON?
  private var summaryPart: RawJSON?

  package init() {}

  /// Takes one event; the pieces that it adds, in order.
  package mutating func receive(_ event: RawJSON) -> [Piece] {
    guard let type = event["type"]?.string else { return [] }
    switch type {
    case "response.output_text.delta":
      guard let delta = event["delta"]?.string, !delta.isEmpty else { return [] }
      return [.text(append(delta, of: Self.message(of: event)))]
    case "response.refusal.delta":
      hasRefusal = true
      return event["delta"]?.string.map { [.refusal($0)] } ?? []
    case "response.reasoning_summary_text.delta":
      return event["delta"]?.string.map { [.reasoning(separate(event) + $0)] } ?? []
    default:
      return []
    }
  }

  /// Takes the final response: what it holds and no event told.
  package mutating func finish(_ response: RawJSON) -> [Piece] {
    var pieces: [Piece] = []
    let whole = Array(ResponseText.text(of: response).utf8)
    if whole.count > text.count, whole.starts(with: text) {
      pieces.append(.text(String(decoding: whole[text.count...], as: UTF8.self)))
      text = whole
    }
    if !hasRefusal, let refusal = ResponseText.refusal(of: response) {
      hasRefusal = true
      pieces.append(.refusal(refusal))
    }
    return pieces
  }

  /// What tells one output item from another; nothing where an upstream names neither.
  private static func message(of event: RawJSON) -> RawJSON? {
    event.nonNull("output_index") ?? event.nonNull("item_id")
  }

  private mutating func append(_ delta: String, of message: RawJSON?) -> String {
    let isAnother =
      !text.isEmpty && message != nil && self.message != nil && self.message != message
    self.message = message ?? self.message
    let separator = isAnother ? ResponseText.separator(behind: text) : ""
    text.append(contentsOf: separator.utf8)
    text.append(contentsOf: delta.utf8)
    return separator + delta
  }

  private mutating func separate(_ event: RawJSON) -> String {
    let part = event["summary_index"]
    defer { summaryPart = part }
    return summaryPart == nil || summaryPart == part ? "" : "\n\n"
  }
}
