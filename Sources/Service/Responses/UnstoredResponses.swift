package import EventLoop
package import JSON
package import Store

/// What an ended response left that is not on disk.
package struct UnstoredResponse {
  package let principal: Principal
  package let bodyDigest: [UInt8]
  /// As it was, for whoever sends the create again.
  package let log: EventLog
  /// Ends with the object in any case, as that of a stored response does.
  package let replay: EventLog
  package let object: RawJSON

  package init(
    principal: Principal, bodyDigest: [UInt8], log: EventLog, replay: EventLog, object: RawJSON
  ) {
    self.principal = principal
    self.bodyDigest = bodyDigest
    self.log = log
    self.replay = replay
    self.object = object
  }
}

/// Responses that ended and are not on disk: those that ran in the background by their id, and those
/// of creates that may be sent again by their idempotency key.
@EventLoop
package struct UnstoredResponses {
  private struct Entry {
    let response: UnstoredResponse
    /// Nil once it is not to be had by that any more, as is the key.
    var id: String?
    var key: String?
    let readableUntil: LoopInstant
    let repeatableUntil: LoopInstant
  }

  /// How long one can be read by its id: about as long as at the API.
  static let readableTime: Duration = .seconds(600)
  private static let readableBytes = 64 << 20
  /// Bytes of those that may be asked for again, and the part of what all logs may hold that they
  /// may take.
  private static let repeatableBytes = 16 << 20
  private static let part = 8
  /// More than a client has on its way.
  private static let mostRepeatable = 1024

  /// The oldest first.
  private var entries: [Entry] = []
  private var repeatableBytes = Self.repeatableBytes

  package init() {}

  /// - Parameters:
  ///   - id: by which it can be read; nil where it can't.
  ///   - key: under which the create may be sent again; nil where it can't.
  ///   - most: bytes of events that all logs may hold.
  package mutating func keep(
    _ response: UnstoredResponse, id: String?, key: String?,
    repeatableUntil: LoopInstant, at now: LoopInstant, most: Int
  ) {
    repeatableBytes = min(Self.repeatableBytes, most / Self.part)
    entries.append(
      Entry(
        response: response, id: id, key: key, readableUntil: now + Self.readableTime,
        repeatableUntil: repeatableUntil))
    drop(at: now)
  }

  /// Gives up what is too old, and the oldest of what is too much.
  package mutating func drop(at now: LoopInstant) {
    var (readable, repeatable, count) = (0, 0, 0)
    for index in entries.indices.reversed() {
      let entry = entries[index]
      let bytes = entry.response.log.bytes
      if entry.id != nil {
        readable += bytes
        if readable > Self.readableBytes || entry.readableUntil <= now { entries[index].id = nil }
      }
      if entry.key != nil {
        repeatable += bytes
        count += 1
        let isTooMuch = repeatable > repeatableBytes || count > Self.mostRepeatable
        if isTooMuch || entry.repeatableUntil <= now { entries[index].key = nil }
      }
    }
    entries.removeAll { $0.id == nil && $0.key == nil }
  }

  package func response(_ id: String, as principal: Principal) -> UnstoredResponse? {
    entries.last { $0.id == id && principal.sees($0.response.principal) }?.response
  }

  package func response(
    forKey key: String, of subject: Subject, at now: LoopInstant
  ) -> UnstoredResponse? {
    entries.last {
      $0.key == key && $0.response.principal.subject == subject && $0.repeatableUntil > now
    }?.response
  }

  /// Returns whether there was such a response.
  package mutating func forget(_ id: String, as principal: Principal) -> Bool {
    let found = entries.indices.last { index in
      entries[index].id == id && principal.sees(entries[index].response.principal)
    }
    if let found { entries[found].id = nil }
    return found != nil
  }
}
