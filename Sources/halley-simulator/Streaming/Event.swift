internal import JSON

/// One event of a stream.
struct Event: Sendable {
  let type: String
  /// The data; valid JSON unless the simulator was asked for something else.
  let data: [UInt8]
  /// Whether the rate of words holds it back.
  let isDelta: Bool

  init(type: String, data: [UInt8], isDelta: Bool = false) {
    self.type = type
    self.data = data
    self.isDelta = isDelta
  }

  private static let typesWithResponse: Set = [
    "response.created", "response.queued", "response.in_progress", "response.completed",
    "response.failed", "response.incomplete",
  ]

  /// The response object that the event carries, if any.
  var response: RawJSON? {
    guard Self.typesWithResponse.contains(type) else { return nil }
    return RawJSON(checked: data[...])["response"]
  }
}
