internal import JSON
internal import Wire

/// What is made of what answers a request: one document, or a stream of events.
protocol AnswerFormat {
  /// Whether events are sent as they come.
  var isStream: Bool { get }

  /// The frames of an event of a stream; none for one that says nothing in this format.
  mutating func frames(of event: ArraySlice<UInt8>) -> [SSEFrame]
  /// The last frames of a stream that has begun.
  mutating func lastFrames(_ outcome: ResponseOutcome) -> [SSEFrame]
  /// Whether nothing that comes can matter, although the response may go on.
  var isComplete: Bool { get }

  /// The whole answer where it is no stream.
  func document(_ result: RawJSON, halley: RawJSON?) throws(APIError) -> RawJSON
}

/// As the API answers: objects, or a response's events.
struct ResponseFormat: AnswerFormat {
  let isStream: Bool
  /// Whether the client asked for the member `halley`.
  let isFull: Bool
  private var hasEnded = false

  init(isStream: Bool, isFull: Bool) {
    self.isStream = isStream
    self.isFull = isFull
  }

  var isComplete: Bool { false }

  mutating func frames(of event: ArraySlice<UInt8>) -> [SSEFrame] {
    let event = RawJSON(checked: event)
    return [SSEFrame(event, type: event["type"]?.string)]
  }

  /// A stream that is cut off says so twice: clients look for the one or for the other.
  mutating func lastFrames(_ outcome: ResponseOutcome) -> [SSEFrame] {
    guard case .failure(let error) = outcome else { return [] }
    let told = APIError(error).body["error"] ?? .emptyObject
    let event = RawJSON.object { event in
      event.member("type", "error")
      event.member("code", told["code"] ?? .null)
      event.member("message", told["message"] ?? .null)
      event.member("param", told["param"] ?? .null)
    }
    return [SSEFrame(event, type: "error")]
  }

  func document(_ result: RawJSON, halley: RawJSON?) -> RawJSON {
    guard isFull, let halley else { return result }
    return result.setting("halley", to: halley)
  }
}
