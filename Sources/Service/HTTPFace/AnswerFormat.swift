internal import EventLoop
internal import JSON
internal import Wire

/// What is made of what answers a request: one document, or a stream of events.
@EventLoop
protocol AnswerFormat {
  /// Whether events are sent as they come.
  var isStream: Bool { get }
  /// Whether nothing that comes can matter, although the response may go on.
  var isComplete: Bool { get }

  /// The frames of an event of a stream; none for one that says nothing in this format.
  mutating func frames(of event: RawJSON, _ identity: ResponseIdentity?) -> [SSEFrame]
  /// The last frames of a stream that has begun.
  mutating func lastFrames(_ outcome: ResponseOutcome) -> [SSEFrame]

  /// The whole answer where it is no stream.
  func document(_ result: RawJSON, halley: RawJSON?) throws(APIError) -> RawJSON
  /// Says in an answer's head what the format has to say there.
  func add(to head: inout HTTPResponseHead)
}

extension ResponseDefaults {
  /// - Parameter told: the response, or an event that has it.
  init(_ identity: ResponseIdentity?, of told: RawJSON, _ request: RawJSON) {
    let response = told.nonNull("response") ?? told
    self.init(
      id: identity?.id ?? response["id"]?.string ?? "",
      createdAt: identity?.createdAt ?? response["created_at"]?.integer ?? 0,
      model: request["model"]?.string ?? "", request: request)
  }
}

/// As the API answers: objects, or a response's events, with what sparse upstreams leave out.
struct ResponseFormat: AnswerFormat {
  let isStream: Bool
  let isComplete = false
  /// Whether the client asked for the member `halley`.
  private let isFull: Bool
  /// The params of the create; empty where they are not known.
  private let request: RawJSON
  private let startingAfter: Int?
  private var events: SparseEvents?
  private var defaults: ResponseDefaults?
  /// The event that ends a response which is to say what `halley` says.
  private var heldEvent: RawJSON?

  private static let terminalTypes: Set = [
    "response.completed", "response.incomplete", "response.failed",
  ]

  /// - Parameter startingAfter: the number behind which events are wanted.
  init(
    isStream: Bool = false, isFull: Bool = false, request: RawJSON = .emptyObject,
    startingAfter: Int? = nil
  ) {
    self.isStream = isStream
    self.isFull = isFull
    self.request = request
    self.startingAfter = startingAfter
  }

  mutating func frames(of event: RawJSON, _ identity: ResponseIdentity?) -> [SSEFrame] {
    var frames: [SSEFrame] = []
    if events == nil { begin(ResponseDefaults(identity, of: event, request)) }
    events?.complete(event) { event in
      let type = event["type"]?.string
      if isFull, let type, Self.terminalTypes.contains(type) {
        heldEvent = event
      } else {
        frames.append(SSEFrame(event, type: type))
      }
    }
    return frames
  }

  private mutating func begin(_ defaults: ResponseDefaults) {
    self.defaults = defaults
    events = SparseEvents(defaults, startingAfter: startingAfter)
  }

  mutating func lastFrames(_ outcome: ResponseOutcome) -> [SSEFrame] {
    switch outcome {
    case .failure(let error): return failure(error)
    case .response(_, let halley):
      guard let event = heldEvent, let response = event["response"] else { return [] }
      let full = event.setting("response", to: response.setting("halley", to: halley))
      return [SSEFrame(full, type: event["type"]?.string)]
    }
  }

  /// A stream that is cut off says so twice, because clients look for the one or for the other. The
  /// error has its members beside `type`, as the API's reference has them, and in `error`, as the API
  /// itself and Open Responses do.
  private mutating func failure(_ error: RPCError) -> [SSEFrame] {
    let told = APIError(error).body["error"] ?? .emptyObject
    let event = RawJSON.object { event in
      event.member("type", "error")
      event.member("error", told)
      for name in ["code", "message", "param"] { event.member(name, told[name] ?? .null) }
    }
    // What came of it counts as its own.
    let response = (error.details.last { $0.key == "response" }?.value ?? .emptyObject)
      .setting("status", to: .string("failed"))
      .setting(
        "error",
        to: .object {
          $0.member("code", told["code"] ?? .null)
          $0.member("message", told["message"] ?? .null)
        })
    let failed = RawJSON.object { event in
      event.member("type", "response.failed")
      event.member("response", response)
    }
    return frames(of: event, nil) + frames(of: failed, nil)
  }

  func document(_ result: RawJSON, halley: RawJSON?) -> RawJSON {
    guard result["object"]?.string == "response" else {
      return isFull ? result : result.asTheAPIHasIt
    }
    let whole = ResponseDefaults(nil, of: result, request).completed(result)
    guard isFull, let halley else { return whole }
    return whole.setting("halley", to: halley)
  }

  func add(to head: inout HTTPResponseHead) {}
}

/// As chat completions.
struct ChatFormat: AnswerFormat {
  private let chat: ChatRequest
  private var stream: ChatStream?

  init(_ chat: ChatRequest) {
    self.chat = chat
  }

  var isStream: Bool { chat.reply.isStreaming }
  var isComplete: Bool { stream?.isFinished ?? false }

  mutating func frames(of event: RawJSON, _ identity: ResponseIdentity?) -> [SSEFrame] {
    if stream == nil {
      stream = ChatStream(chat.reply, ResponseDefaults(identity, of: event, chat.params))
    }
    return told { $0.take(event, $1) }
  }

  mutating func lastFrames(_ outcome: ResponseOutcome) -> [SSEFrame] {
    var frames: [SSEFrame] = []
    switch outcome {
    case .failure(let error) where !isComplete: frames = told { $0.fail(APIError(error), $1) }
    case .response(let response, _) where !isComplete: frames = told { $0.finish(response, $1) }
    case .failure: frames = usageFrames(of: .emptyObject)
    case .response(let response, _): frames = usageFrames(of: response)
    }
    return frames + [.done]
  }

  /// The usage of a response that was cut at a stop sequence, unless it was told.
  private mutating func usageFrames(of response: RawJSON) -> [SSEFrame] {
    let response = withUsage(response)
    return told { $0.tellUsage(of: response, $1) }
  }

  /// With an estimate of what it used, where nobody said that because it was cut short.
  private func withUsage(_ response: RawJSON) -> RawJSON {
    guard response.nonNull("usage") == nil else { return response }
    let input = TokenEstimate.input(
      body: chat.params, items: chat.params["input"]?.elements ?? [])
    let output = max(
      TokenEstimate.output(of: response), TokenEstimate.output(textBytes: stream?.textBytes ?? 0))
    let usage = RawJSON.object { usage in
      usage.member("input_tokens", input)
      usage.member("output_tokens", output)
      usage.member("total_tokens", input.addingSaturating(output))
    }
    return response.setting("usage", to: usage)
  }

  private mutating func told(
    _ tell: (inout ChatStream, (RawJSON) -> Void) -> Void
  ) -> [SSEFrame] {
    var frames: [SSEFrame] = []
    guard var stream else { return [] }
    self.stream = nil
    tell(&stream) { frames.append(SSEFrame($0)) }
    self.stream = stream
    return frames
  }

  func document(_ result: RawJSON, halley: RawJSON?) throws(APIError) -> RawJSON {
    let isCut = !chat.reply.stop.isEmpty
    return try ChatCompletion.object(
      of: isCut ? withUsage(result) : result, chat.reply,
      ResponseDefaults(nil, of: result, chat.params))
  }

  func add(to head: inout HTTPResponseHead) {
    guard !chat.ignored.isEmpty else { return }
    head.add("x-halley-ignored", chat.ignored.joined(separator: ", "))
  }
}

extension RawJSON {
  /// Without what the daemon adds to the API's objects: to this one, and to those of a list.
  fileprivate var asTheAPIHasIt: RawJSON {
    let object = self["halley"] == nil ? self : removing("halley")
    guard let data = object["data"], data.kind == .array,
      data.elements.contains(where: { $0["halley"] != nil })
    else { return object }
    return object.setting("data", to: .array(data.elements.map { $0.removing("halley") }))
  }
}
