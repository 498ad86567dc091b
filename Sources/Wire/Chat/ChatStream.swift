package import JSON

/// Turns the events of a response into the chunks of a chat completion.
///
/// The upstream may be a sparse one (`SparseEvents`): what only an end tells comes as one delta, so
/// nothing is lost. All chunks have one id and one time. Every stream ends with a finish reason or
/// with an error object, and with the usage behind a finish reason where the client asked for it and
/// the response tells it; the caller adds `[DONE]` when `isFinished`.
///
/// Calls of the client's own tools are told as they come. Those of other tools may be the daemon's,
/// which makes them and goes on: they wait for the end, and are the client's if nobody answered them.
/// At a stop sequence the completion is finished although the response may still run; the caller says
/// what it used (`tellUsage`).
package struct ChatStream {
  private struct Call {
    /// What stands before a piece of its argument in a delta, and behind it.
    let opening: [UInt8]
    let closing: [UInt8]

    /// - Parameter index: counted over the calls that were told.
    init(_ index: Int, isCustom: Bool, isFunction: Bool) {
      let argument = isCustom ? #"{"input":"# : #"{"arguments":"#
      let call = isFunction ? "" : #"[{"index":\#(index),"\#(isCustom ? "custom" : "function")":"#
      opening = Array((call + argument).utf8)
      closing = Array((isFunction ? "}" : "}}]").utf8)
    }
  }

  private let options: ChatReplyOptions
  private let defaults: ResponseDefaults
  private var events: SparseEvents
  /// The response as it began.
  private var response = RawJSON.emptyObject
  private var chunks: ChatChunks?
  private var text: ChatText
  /// By output index.
  private var calls: [Int: Call] = [:]
  private var callCount = 0
  private var waitingCalls: [RawJSON] = []
  private var answeredCalls: Set<String> = []
  /// The part that the latest reasoning belongs to.
  private var reasoningPlace: ResponseEvent.Place?
  /// Output indices of messages whose citations were told.
  private var cited: Set<Int> = []
  /// Whether all was said: the client's stream ends, and a response that still runs is in vain.
  package private(set) var isFinished = false
  private var hasUsage = false
  /// Of the text that was told where a stop sequence may cut it, as it is spelled.
  package private(set) var textBytes = 0

  package init(_ options: ChatReplyOptions, _ defaults: ResponseDefaults) {
    self.options = options
    self.defaults = defaults
    events = SparseEvents(defaults)
    text = ChatText(options)
  }

  /// Takes the next event of the response's log, and hands out the chunks that it makes.
  package mutating func take(_ json: RawJSON, _ emit: (RawJSON) -> Void) {
    guard !isFinished else { return }
    if text.isPlain, let latest = events.latestPlace, let passed = events.passing(json) {
      return takeDelta(passed.pattern.kind, passed.delta, nil, latest, emit)
    }
    let event = ResponseEvent(json)
    if events.passes(event) {
      // An event that lacks its place is in the latest one.
      return takeDelta(event, events.latestPlace ?? event.place, emit)
    }
    for json in events.completed(event) where !isFinished { take(ResponseEvent(json), emit) }
  }

  /// Ends with the response where no event told its end.
  package mutating func finish(_ response: RawJSON, _ emit: (RawJSON) -> Void) {
    let type = ResponseReplay.terminalType(status: response["status"]?.string)
    take(
      .object {
        $0.member("type", type)
        $0.member("response", response)
      }, emit)
  }

  /// Ends with an error.
  package mutating func fail(_ error: APIError, _ emit: (RawJSON) -> Void) {
    guard !isFinished else { return }
    isFinished = true
    emit(error.body)
  }

  /// Tells what the response used, unless that was told or nobody asked for it.
  package mutating func tellUsage(of response: RawJSON, _ emit: (RawJSON) -> Void) {
    guard options.includesUsage, !hasUsage, let chunks, let usage = ChatParts.usage(of: response)
    else { return }
    hasUsage = true
    emit(chunks.usage(usage))
  }

  private mutating func take(_ event: ResponseEvent, _ emit: (RawJSON) -> Void) {
    switch event.kind {
    case .created, .queued, .inProgress:
      if let told = event.value(event.object) { response = told }
    case .error: fail(APIError(event: event.json), emit)
    case .failed: fail(APIError(failed: event.value(event.object) ?? .null), emit)
    case .completed, .incomplete: finish(event, emit)
    case .itemAdded: beginItem(event, emit)
    case .itemDone: endItem(event, emit)
    case .annotation: cite(event, emit)
    default: takeDelta(event, event.place, emit)
    }
  }

  /// Says who speaks, before all else.
  private mutating func begin(_ emit: (RawJSON) -> Void) -> ChatChunks {
    if let chunks { return chunks }
    let begun = ChatChunks(of: response, options, defaults)
    chunks = begun
    emit(
      begun.chunk(
        .object {
          $0.member("role", "assistant")
          $0.member("content", "")
        }))
    return begun
  }

  // MARK: Deltas

  private mutating func takeDelta(
    _ event: ResponseEvent, _ place: ResponseEvent.Place, _ emit: (RawJSON) -> Void
  ) {
    guard let delta = event.delta else { return }
    takeDelta(event.kind, event.json.bytes[delta], event.value(event.logprobs), place, emit)
  }

  /// - Parameter value: the text with its quotes.
  private mutating func takeDelta(
    _ kind: ResponseEvent.Kind, _ value: ArraySlice<UInt8>, _ logprobs: RawJSON?,
    _ place: ResponseEvent.Place, _ emit: (RawJSON) -> Void
  ) {
    guard value.count > 2 else { return }
    switch kind {
    case .textDelta where text.isPlain: tell("content", value, emit)
    case .textDelta:
      text.take(RawJSON(checked: value), logprobs)
      tellText(emit)
    case .refusalDelta: tell("refusal", value, emit)
    case .reasoningDelta, .summaryDelta: reason(value, place, emit)
    case .argumentsDelta, .inputDelta: argue(value, place, emit)
    default: break
    }
  }

  private mutating func tell(
    _ key: StaticString, _ value: ArraySlice<UInt8>, _ emit: (RawJSON) -> Void
  ) {
    if chunks == nil { _ = begin(emit) }
    if let chunk = chunks?.delta(key, value) { emit(chunk) }
  }

  private mutating func tellText(_ emit: (RawJSON) -> Void) {
    if let (said, logprobs) = text.next() {
      textBytes += said.bytes.count
      if let logprobs {
        let delta = RawJSON.object { $0.member("content", said) }
        emit(begin(emit).chunk(delta, logprobs: logprobs))
      } else {
        tell("content", said.bytes, emit)
      }
    }
    guard text.isCut else { return }
    emit(begin(emit).chunk(.emptyObject, finishReason: "stop"))
    isFinished = true
  }

  /// Parts of reasoning are paragraphs.
  private mutating func reason(
    _ text: ArraySlice<UInt8>, _ place: ResponseEvent.Place, _ emit: (RawJSON) -> Void
  ) {
    if place != reasoningPlace {
      if reasoningPlace != nil {
        tell("reasoning_content", Array(#""\n\n""#.utf8)[...], emit)
      }
      reasoningPlace = place
    }
    tell("reasoning_content", text, emit)
  }

  private mutating func cite(_ event: ResponseEvent, _ emit: (RawJSON) -> Void) {
    guard let cited = event.json.nonNull("annotation").flatMap({ ChatParts.annotation($0) }) else {
      return
    }
    if let index = event.outputIndex { self.cited.insert(index) }
    cite([cited], emit)
  }

  private mutating func cite(_ annotations: [RawJSON], _ emit: (RawJSON) -> Void) {
    guard !annotations.isEmpty else { return }
    let delta = RawJSON.object { $0.member("annotations", RawJSON.array(annotations)) }
    emit(begin(emit).chunk(delta))
  }

  // MARK: Items

  private mutating func beginItem(_ event: ResponseEvent, _ emit: (RawJSON) -> Void) {
    guard let item = event.value(event.object), let index = event.outputIndex else { return }
    _ = begin(emit)
    let isOwn = item["name"]?.string.map { options.toolNames.contains($0) } ?? false
    guard ChatParts.isCall(item["type"]?.string), isOwn else { return }
    begin(item, argument: .string(""), at: index, emit)
  }

  private mutating func begin(
    _ item: RawJSON, argument: RawJSON, at index: Int, _ emit: (RawJSON) -> Void
  ) {
    // There is one `function_call` in an answer.
    guard !options.usesFunctions || callCount == 0 else { return }
    let call = ChatParts.call(item, index: callCount, argument: argument)
    calls[index] = Call(
      callCount, isCustom: item["type"]?.string == "custom_tool_call",
      isFunction: options.usesFunctions)
    callCount += 1
    let delta = RawJSON.object { delta in
      if options.usesFunctions {
        delta.member("function_call", call["function"] ?? call["custom"] ?? .null)
      } else {
        delta.member("tool_calls", RawJSON.array([call]))
      }
    }
    emit(begin(emit).chunk(delta))
  }

  private mutating func argue(
    _ text: ArraySlice<UInt8>, _ place: ResponseEvent.Place, _ emit: (RawJSON) -> Void
  ) {
    guard let index = place.outputIndex, let call = calls[index] else { return }
    let value = call.opening + text + call.closing
    tell(options.usesFunctions ? "function_call" : "tool_calls", value[...], emit)
  }

  private mutating func endItem(_ event: ResponseEvent, _ emit: (RawJSON) -> Void) {
    guard let item = event.value(event.object), let index = event.outputIndex else { return }
    let type = item["type"]?.string
    if ChatParts.isCall(type), calls[index] == nil { waitingCalls.append(item) }
    if ChatParts.isOutput(type), let id = item["call_id"]?.string { answeredCalls.insert(id) }
    if type == "message", !cited.contains(index) {
      cite((item["content"]?.elements ?? []).flatMap { ChatParts.annotations(of: $0) }, emit)
    }
  }

  // MARK: The end

  private mutating func finish(_ event: ResponseEvent, _ emit: (RawJSON) -> Void) {
    let response = event.value(event.object) ?? .emptyObject
    let writer = begin(emit)
    text.end()
    tellText(emit)
    guard !isFinished else { return }
    for (number, item) in waitingCalls.enumerated()
    where !answeredCalls.contains(item["call_id"]?.string ?? "") {
      begin(
        item, argument: item.literal("arguments") ?? item.literal("input") ?? .string(""),
        at: -1 - number, emit)
    }
    let reason = ChatParts.finishReason(
      of: response, isIncomplete: event.kind == .incomplete, hasCalls: callCount > 0, options)
    emit(
      writer.chunk(.emptyObject, finishReason: reason) { ChatParts.writeEnd(of: response, to: &$0) }
    )
    tellUsage(of: response, emit)
    isFinished = true
  }
}
