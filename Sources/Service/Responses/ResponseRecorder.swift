internal import EventLoop
internal import JSON
internal import Store
internal import Wire

/// Writes one response to the store: its request before its first event, its events every second,
/// its end before its terminal event.
@EventLoop
final class ResponseRecorder {
  /// What is older than a second survives a crash; the rest of it is for the commit.
  private static let flushInterval: Duration = .milliseconds(750)

  private static let pauseBetweenTries: Duration = .milliseconds(500)

  private let store: Store
  private let log: EventLog
  private let onTrouble: @EventLoop (String) -> Void
  private(set) var handle: ResponseHandle?
  /// Changes that go with the next write; nobody waits for them earlier.
  var pending: ResponseUpdate?
  private var storedEvents = 0
  private var timer: TimerSource?
  private var flushing: Task<Void, Never>?
  private var hasTrouble = false

  init(store: Store, log: EventLog, onTrouble: @escaping @EventLoop (String) -> Void) {
    self.store = store
    self.log = log
    self.onTrouble = onTrouble
  }

  /// Makes the row and that of its usage; returns the response that the same create made before,
  /// where there is one.
  func begin(
    _ response: NewResponse, _ meter: UsageMeter
  ) async throws(RPCError) -> StoredResponse? {
    let usage = meter.usage
    let (beginning, row) = try await store.performing { store throws(StoreError) in
      try await store.beginResponse(response, using: usage)
    }
    switch beginning {
    case .started(let handle, _):
      self.handle = handle
      meter.began(row)
      startFlushing()
      return nil
    case .existing(let existing): return existing
    }
  }

  /// Goes on with a row whose events are in the log.
  func goOn(with handle: ResponseHandle) {
    self.handle = handle
    storedEvents = log.count
    startFlushing()
  }

  /// Writes what is not written yet and leaves the response running, for the next start.
  func pause() async {
    timer?.cancel()
    timer = nil
    await flushing?.value
    flush()
    await flushing?.value
  }

  /// Returns when the events that the log has now are on disk; what others append meanwhile is not
  /// waited for.
  func sync() async throws(RPCError) {
    guard handle != nil else { return }
    let wanted = log.count
    // It may have begun before the last of them.
    await flushing?.value
    while storedEvents < wanted {
      let written = storedEvents
      flush()
      await flushing?.value
      guard storedEvents > written else {
        throw RPCError(
          .storage, "the events of the response could not be written", isRetryable: true)
      }
    }
  }

  /// Takes over the upstream's id, unless this user has a response of that id, and returns the id
  /// that holds.
  func adopt(_ id: String) async throws(RPCError) -> String {
    guard let handle else { return id }
    return try await store.performing { store throws(StoreError) in
      try await store.adoptID(id, for: handle)
    }
  }

  func update(_ change: ResponseUpdate) async throws(RPCError) {
    guard let handle else { return }
    try await store.performing { store throws(StoreError) in
      try await store.updateResponse(handle, change)
    }
  }

  /// Returns the output items when the end is on disk, with the events that were not yet.
  ///
  /// - Parameter terminal: events that are not in the log yet.
  /// - Parameter usage: is settled with it.
  func finish(
    _ ending: ResponseEnding, terminal: [ArraySlice<UInt8>], usage: SettledUsage?
  ) async throws(RPCError) -> [StoredItem] {
    timer?.cancel()
    timer = nil
    await flushing?.value
    guard let handle else { return [] }
    let events = unstoredEvents + terminal
    let first = Int64(storedEvents)
    let update = pending
    return try await store.performing { store throws(StoreError) in
      try await store.finishResponse(
        handle, ending, after: update, events: events, from: first, usage: usage)
    }
  }

  /// Writes the end of a response whose client was answered with an error. A disk that fails is
  /// tried again in the background: the row would stay in progress until the next start.
  ///
  /// - Returns: the output items that are on disk.
  func finishWhenPossible(_ ending: ResponseEnding, usage: SettledUsage?) async -> [StoredItem] {
    do throws(RPCError) {
      return try await finish(ending, terminal: [], usage: usage)
    } catch {
      onTrouble("The end of a failed response was not stored: \(error.message)")
      if error.isRetryable {
        EventLoop.start { [self] in await keepTrying(ending, usage) }
      }
      return []
    }
  }

  private func keepTrying(_ ending: ResponseEnding, _ usage: SettledUsage?) async {
    var isRetryable = true
    while isRetryable {
      await EventLoop.sleep(for: Self.pauseBetweenTries)
      do throws(RPCError) {
        _ = try await finish(ending, terminal: [], usage: usage)
        return
      } catch {
        // A store that was closed, by a daemon that stops, stays so.
        isRetryable = error.isRetryable
      }
    }
  }

  /// Whether no stored item of the user has the id. Where that can't be told, the end of the response
  /// can't be stored either.
  func isFreeItemID(_ id: String) async -> Bool {
    guard let handle else { return true }
    do throws(StoreError) {
      return try await !store.hasItem(id, besides: handle)
    } catch {
      return true
    }
  }

  // MARK: Events

  private var unstoredEvents: [ArraySlice<UInt8>] {
    (storedEvents..<max(storedEvents, log.count)).map { log.event($0) }
  }

  private func startFlushing() {
    do throws(LoopError) {
      timer = try TimerSource { [weak self] in self?.flush() }
      timer?.arm(after: Self.flushInterval)
    } catch {
      onTrouble(error.description)
    }
  }

  private func flush() {
    timer?.arm(after: Self.flushInterval)
    let events = unstoredEvents
    guard let handle, !events.isEmpty, flushing == nil else { return }
    let update = pending
    flushing = EventLoop.start { [self] in
      do throws(StoreError) {
        try await store.appendEvents(
          events, from: Int64(storedEvents), to: handle, after: update)
        storedEvents += events.count
        if update != nil { pending = nil }
        hasTrouble = false
      } catch {
        // They are tried again with the next ones; what is acknowledged waits for them.
        if !hasTrouble { onTrouble("Events of a running response were not stored: \(error)") }
        hasTrouble = true
      }
      flushing = nil
    }
  }
}
