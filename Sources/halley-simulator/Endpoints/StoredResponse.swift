internal import JSON
internal import Synchronization

/// A response that can be retrieved, and the events of one that runs in the background.
final class StoredResponse: Sendable {
  private struct State {
    var json: RawJSON
    var output: [RawJSON] = []
    var events: [Event] = []
    var isFinished = false
  }

  let id: String
  /// What the answer was given on.
  let context: [InputItem]
  let isBackground: Bool
  /// Whether its events are kept, as for a background response that was asked for as a stream.
  let isReplayable: Bool
  private let state: Mutex<State>

  init(
    id: String, json: RawJSON, context: [InputItem], isBackground: Bool, isReplayable: Bool
  ) {
    self.id = id
    self.context = context
    self.isBackground = isBackground
    self.isReplayable = isReplayable
    state = Mutex(State(json: json))
  }

  var json: RawJSON { state.withLock { $0.json } }
  var isFinished: Bool { state.withLock { $0.isFinished } }

  /// The context of a response that continues from this one.
  var chain: [InputItem] {
    context + state.withLock { $0.output }.map { InputItem($0) }
  }

  /// Roughly what the response takes in memory.
  var bytes: Int {
    context.reduce(json.bytes.count) { $0 + $1.json.bytes.count }
  }

  /// Ends a response that still runs.
  ///
  /// - Parameter last: the event that says so.
  func finish(_ answer: Answer, last: Event? = nil) {
    state.withLock { state in
      guard !state.isFinished else { return }
      if let last { state.events.append(last) }
      state.json = answer.final
      state.output = answer.output
      state.isFinished = true
    }
  }

  /// Adds an event and takes over the response that it carries; false once it is cancelled.
  func append(_ event: Event) -> Bool {
    let response = event.response
    return state.withLock { state in
      guard !state.isFinished else { return false }
      state.events.append(event)
      if let response { state.json = response }
      return true
    }
  }

  /// Ends a response that runs; one that has ended stays as it is.
  func cancel() -> RawJSON {
    state.withLock { state in
      if !state.isFinished {
        state.json = state.json.setting("status", to: .string("cancelled"))
        state.isFinished = true
      }
      return state.json
    }
  }

  /// Returns the events from a number on, and whether there will be more.
  func events(from number: Int) -> (events: ArraySlice<Event>, isFinished: Bool) {
    state.withLock { state in
      (state.events[min(number, state.events.count)...], state.isFinished)
    }
  }
}
