internal import EventLoop
internal import JSON
internal import Store
internal import Wire

/// What is made of what answers a request: one document, or a stream of events.
@EventLoop
protocol AnswerFormat {
  /// Whether events are sent as they come.
  var isStream: Bool { get }
  /// Whether nothing that comes can matter, although the response may go on.
  var isComplete: Bool { get }

  /// Whether a stream ends with a word of its own.
  var endsWithDone: Bool { get }

  /// What becomes of an event of a stream, and what it is called; nothing of one that says nothing in
  /// this format.
  typealias Emit = (_ event: RawJSON, _ name: ArraySlice<UInt8>?) -> Void
  mutating func take(_ event: RawJSON, _ identity: ResponseIdentity?, _ emit: Emit)
  /// The last events of a stream that has begun.
  mutating func end(_ outcome: ResponseOutcome, _ identity: ResponseIdentity?, _ emit: Emit)

  /// The whole answer where it is no stream.
  func document(
    _ result: RawJSON, _ identity: ResponseIdentity?, halley: RawJSON?
  ) throws(APIError) -> RawJSON
  /// Says in an answer's head what the format has to say there.
  func add(to head: inout HTTPResponseHead)
}

extension ResponseDefaults {
  /// - Parameter told: the response, or an event that has it.
  init(_ identity: ResponseIdentity?, of told: RawJSON, _ request: RawJSON) {
    let response = told.nonNull("response") ?? told
    self.init(
      id: identity?.id ?? response["id"]?.string ?? "",
      createdAt: identity?.createdAt ?? response["created_at"]?.integer
        ?? SystemClock.milliseconds() / 1000,
      model: request["model"]?.string ?? "", request: request)
  }
}

/// As the API answers: objects, or a response's events, with what sparse upstreams leave out.
struct ResponseFormat: AnswerFormat {
  let isStream: Bool
  let isComplete = false
  let endsWithDone = false
  /// Whether the client asked for the member `halley`.
  private let isFull: Bool
  /// The params of the create; empty where they are not known.
  private let request: RawJSON
  private let startingAfter: Int?
  private var events: SparseEvents?
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

  mutating func take(_ event: RawJSON, _ identity: ResponseIdentity?, _ emit: Emit) {
    if events == nil { begin(ResponseDefaults(identity, of: event, request)) }
    // Outside of the closure, which may not look at what is being changed.
    let isFull = isFull
    var held: RawJSON?
    events?.complete(event) { event, name in
      if let name { return emit(event, name) }
      let name = event["type"].flatMap { $0.kind == .string ? $0.string : nil }
      if isFull, let name, Self.terminalTypes.contains(name) {
        held = event
      } else {
        emit(event, name.map { Array($0.utf8)[...] })
      }
    }
    if let held { heldEvent = held }
  }

  private mutating func begin(_ defaults: ResponseDefaults) {
    events = SparseEvents(defaults, startingAfter: startingAfter)
  }

  mutating func end(
    _ outcome: ResponseOutcome, _ identity: ResponseIdentity?, _ emit: Emit
  ) {
    if case .failure(let error) = outcome { fail(error, identity, emit) }
    guard let event = heldEvent, let response = event["response"] else { return }
    var told = event
    if case .response(_, let halley) = outcome {
      told = event.setting("response", to: response.setting("halley", to: halley))
    }
    emit(told, event["type"]?.string.map { Array($0.utf8)[...] })
  }

  /// A stream that is cut off says so twice, because clients look for the one or for the other. The
  /// error has its members beside `type`, as the API's reference has them, and in `error`, as the API
  /// itself and Open Responses do.
  private mutating func fail(
    _ error: RPCError, _ identity: ResponseIdentity?, _ emit: Emit
  ) {
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
    // An error of the daemon's names no response.
    if events == nil { begin(ResponseDefaults(identity, of: failed, request)) }
    take(event, identity, emit)
    take(failed, identity, emit)
  }

  func document(
    _ result: RawJSON, _ identity: ResponseIdentity?, halley: RawJSON?
  ) -> RawJSON {
    guard isResponse(result) else { return isFull ? result : result.asTheAPIHasIt }
    let whole = ResponseDefaults(identity, of: result, request).completed(result)
    guard isFull, let halley else { return whole }
    return whole.setting("halley", to: halley)
  }

  /// Whether a result is a response, which some upstreams do not say of theirs.
  private func isResponse(_ result: RawJSON) -> Bool {
    guard let object = result["object"] else { return result["output"]?.kind == .array }
    return object.string == "response"
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
  let endsWithDone = true
  var isComplete: Bool { stream?.isFinished ?? false }

  mutating func take(_ event: RawJSON, _ identity: ResponseIdentity?, _ emit: Emit) {
    begin(identity, of: event)
    stream?.take(event) { emit($0, nil) }
  }

  private mutating func begin(_ identity: ResponseIdentity?, of told: RawJSON) {
    guard stream == nil else { return }
    stream = ChatStream(chat.reply, ResponseDefaults(identity, of: told, chat.params))
  }

  mutating func end(
    _ outcome: ResponseOutcome, _ identity: ResponseIdentity?, _ emit: Emit
  ) {
    if case .response(let response, _) = outcome {
      begin(identity, of: response)
    } else {
      begin(identity, of: .emptyObject)
    }
    switch outcome {
    case .failure(let error) where !isComplete: stream?.fail(APIError(error)) { emit($0, nil) }
    case .response(let response, _) where !isComplete:
      stream?.finish(response) { emit($0, nil) }
    case .failure: tellUsage(of: .emptyObject, emit)
    case .response(let response, _): tellUsage(of: response, emit)
    }
  }

  /// Tells the usage of a response that was cut at a stop sequence, unless it was told.
  private mutating func tellUsage(of response: RawJSON, _ emit: Emit) {
    let response = withUsage(response)
    stream?.tellUsage(of: response) { emit($0, nil) }
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

  func document(
    _ result: RawJSON, _ identity: ResponseIdentity?, halley: RawJSON?
  ) throws(APIError) -> RawJSON {
    let isCut = !chat.reply.stop.isEmpty
    return try ChatCompletion.object(
      of: isCut ? withUsage(result) : result, chat.reply,
      ResponseDefaults(identity, of: result, chat.params))
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
