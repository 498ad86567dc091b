internal import JSON

/// The events of one answer in their order, with the departures that were asked for.
struct EventScript: Sendable {
  enum Step: Sendable {
    case event(Event)
    case burst(Burst)
  }

  private(set) var steps: [Step] = []
  private let controls: ScriptControls
  private let failure: ResponseObject
  private var number = 0
  /// Whether an error event has ended the answer early.
  private var isEnded = false

  /// How many events the steps come to.
  var count: Int {
    steps.reduce(0) { count, step in
      switch step {
      case .event: count + 1
      case .burst(let burst): count + burst.numbers.count
      }
    }
  }

  /// - Parameter failure: the response as which the script ends when an error cuts it short.
  init(_ controls: ScriptControls, failure: ResponseObject) {
    self.controls = controls
    self.failure = failure
  }

  /// Adds an event; its type and number are written before the members of the closure.
  mutating func add(
    _ type: String, isDelta: Bool = false, _ members: (inout JSONWriter) -> Void
  ) {
    disturb()
    guard !isEnded else { return }
    append(type, isDelta: isDelta, members)
  }

  /// Adds the event that carries the response at the end.
  mutating func addTerminal(_ type: String, _ response: RawJSON) {
    disturb()
    guard !isEnded, controls.hasTerminal else { return }
    append(type) { $0.member("response", response) }
  }

  mutating func addBurst(itemID: String, outputIndex: Int, count: Int) {
    guard !isEnded else { return }
    let numbers = number..<number + count
    steps.append(.burst(Burst(itemID: itemID, outputIndex: outputIndex, numbers: numbers)))
    number += count
  }

  /// Adds an event as it is spelled, with its number in place of `@N@`.
  mutating func add(spelled text: String, type: String) {
    let data = text.split(separator: "@N@", omittingEmptySubsequences: false)
      .joined(separator: "\(number)")
    steps.append(.event(Event(type: type, data: Array(data.utf8), isDelta: false)))
    number += 1
  }

  private mutating func append(
    _ type: String, isDelta: Bool = false, _ members: (inout JSONWriter) -> Void
  ) {
    let number = controls.hasNumbers ? number : nil
    let json = RawJSON.object { writer in
      writer.member("type", type)
      if let number { writer.member("sequence_number", number) }
      members(&writer)
    }
    steps.append(.event(Event(type: type, data: Array(json.bytes), isDelta: isDelta)))
    self.number += 1
  }

  // MARK: Departures

  /// Puts in what has to come at this point.
  private mutating func disturb() {
    if controls.malformedAfter == steps.count {
      let data = Array("{\"type\":\"response.output_text.delta\",\"delta\":\"cut".utf8)
      steps.append(.event(Event(type: "response.output_text.delta", data: data)))
    }
    if let error = controls.streamError, error.events == steps.count, !isEnded {
      addError(error)
    }
  }

  private mutating func addError(_ error: ScriptControls.StreamError) {
    let nested = nestedError
    switch error.shape {
    case .flat: append("error") { [controls] in controls.writeError(to: &$0) }
    case .nested: append("error") { $0.member("error", nested) }
    case .bare:
      let json = RawJSON.object { $0.member("error", nested) }
      steps.append(.event(Event(type: "error", data: Array(json.bytes))))
      number += 1
    }
    if error.isFollowed {
      let failed = failure.json(.failed)
      append("response.failed") { $0.member("response", failed) }
    }
    isEnded = true
  }

  private var nestedError: RawJSON {
    .object { writer in
      writer.member("type", "server_error")
      controls.writeError(to: &writer)
    }
  }
}
