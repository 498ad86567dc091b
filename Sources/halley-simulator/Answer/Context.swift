/// All items that an answer is given on: what was inherited, then the input.
struct Context: Sendable {
  let items: [InputItem]
  /// How many of the items come with this request.
  let newCount: Int

  /// Resolves the previous response and references.
  init(
    input: [InputItem], previousID: String?, store: ResponseStore
  ) throws(APIError) {
    var items: [InputItem] = []
    if let previousID {
      guard let previous = store.find(previousID) else {
        throw .badRequest(
          "Previous response with id '\(previousID)' not found.", param: "previous_response_id",
          code: "previous_response_not_found")
      }
      items = previous.chain
    }
    for item in input {
      items.append(item.type == "item_reference" ? try Self.resolve(item, store) : item)
    }
    self.items = items
    newCount = input.count
  }

  private static func resolve(
    _ reference: InputItem, _ store: ResponseStore
  ) throws(APIError) -> InputItem {
    guard let item = store.findItem(reference.id) else {
      throw APIError(status: 404, "Item with id '\(reference.id)' not found.", param: "input")
    }
    return item
  }

  /// Refuses calls without an output and outputs without a call.
  func checkCalls() throws(APIError) {
    let calls = Set(items.filter(\.isCall).compactMap(\.callID))
    let outputs = Set(items.filter(\.isCallOutput).compactMap(\.callID))
    if let id = outputs.subtracting(calls).first {
      throw .badRequest(
        "No tool call found for function call output with call_id \(id).", param: "input")
    }
    if let id = calls.subtracting(outputs).first {
      throw .badRequest("No tool output found for function call \(id).", param: "input")
    }
  }

  var tokens: Int { items.reduce(0) { $0 + $1.tokens } }

  /// Tokens of what came before the latest input, which a prompt cache would know.
  var inheritedTokens: Int {
    let isConversation = items.contains { $0.role == "assistant" }
    let known = isConversation ? items.dropLast(max(newCount == items.count ? 1 : newCount, 1)) : []
    return known.reduce(0) { $0 + $1.tokens }
  }

  /// The latest message of the user, or all of the input where there is none.
  var question: InputItem? { items.last { $0.role == "user" } ?? items.last }

  /// How many rounds of calls were answered since the user's latest message.
  var answeredRounds: Int {
    var rounds = 0
    var wasOutput = false
    for item in items.reversed() {
      if item.role == "user" { break }
      if item.isCallOutput, !wasOutput { rounds += 1 }
      wasOutput = item.isCallOutput
    }
    return rounds
  }

  var attachments: [String] { items.flatMap(\.attachments) }
}
