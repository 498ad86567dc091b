package import EventLoop
package import JSON
package import Wire

/// How a response ended for those who read it.
package enum ResponseOutcome {
  /// The final response object, and the member `halley` that the result adds to it.
  case response(RawJSON, halley: RawJSON)
  case failure(RPCError)
}

/// What a response is called, and when it was created.
package struct ResponseIdentity: Sendable {
  package let id: String
  /// Seconds since 1970.
  package let createdAt: Int64
}

extension ResponseOutcome {
  /// Bytes, roughly.
  fileprivate var size: Int {
    switch self {
    case .response(let response, let halley): response.bytes.count + halley.bytes.count
    case .failure(let error): error.details.reduce(0) { $0 + $1.value.bytes.count }
    }
  }
}

/// The append-only log of one response's events.
///
/// Everyone who reads a response is a cursor on this log, so that memory grows with the response
/// and not with its readers. Invariants:
/// 1. Event `n` has `sequence_number` `n`.
/// 2. Nothing is appended once there is an outcome.
@EventLoop
package final class EventLog {
  /// What all logs hold: events, and the objects that they ended with.
  package private(set) static var bytesOfAll = 0

  package private(set) var events = LoggedEvents()
  private var held = 0
  package private(set) var outcome: ResponseOutcome?
  /// The response, as soon as it has an id.
  var identity: ResponseIdentity?
  /// The upstream that answers, once one does, and what it calls the exchange.
  var upstream: String?
  var requestID: RawJSON?
  private var readers: [ObjectIdentifier: Reader] = [:]

  private struct Reader {
    let client: String
    let onMore: @EventLoop () -> Void
  }

  package nonisolated init() {}

  /// A log of its own that begins with the events of another.
  package init(events: LoggedEvents) {
    self.events = events
    hold(events.bytes + events.count * LoggedEvents.bytesOfEntry)
  }

  isolated deinit {
    Self.bytesOfAll -= held
  }

  private func hold(_ bytes: Int) {
    held += bytes
    Self.bytesOfAll += bytes
  }

  /// Events so far; also the sequence number of the next.
  package var count: Int { events.count }
  /// Bytes of all events.
  package var bytes: Int { events.bytes }
  package var readerCount: Int { readers.count }
  /// The names of the clients that read.
  package var readerNames: [String] { readers.values.map(\.client).sorted() }

  /// The event with a sequence number, as JSON.
  package func event(_ number: Int) -> ArraySlice<UInt8> {
    events[number]
  }

  package func append(_ event: ArraySlice<UInt8>) {
    precondition(outcome == nil, "an event behind the end of a response")
    events.append(event)
    hold(event.count + LoggedEvents.bytesOfEntry)
    notify()
  }

  /// Appends events that lie in bytes; readers are told once.
  package func append(_ places: [Range<Int>], of bytes: Span<UInt8>) {
    precondition(outcome == nil, "an event behind the end of a response")
    let before = events.bytes
    events.append(places, of: bytes)
    hold(events.bytes - before + places.count * LoggedEvents.bytesOfEntry)
    notify()
  }

  package func finish(_ outcome: ResponseOutcome) {
    precondition(self.outcome == nil, "a response ends once")
    self.outcome = outcome
    hold(outcome.size)
    notify()
  }

  /// Calls back whenever there is more to read, until `removeReader`.
  package func addReader(
    _ reader: AnyObject, of client: String, _ onMore: @escaping @EventLoop () -> Void
  ) {
    readers[ObjectIdentifier(reader)] = Reader(client: client, onMore: onMore)
  }

  package func removeReader(_ reader: AnyObject) {
    readers[ObjectIdentifier(reader)] = nil
  }

  private func notify() {
    for reader in readers.values { reader.onMore() }
  }
}
