internal import Configuration
internal import EventLoop
internal import Store
internal import Wire

/// Ended responses that are not stored, for whoever sends the create again under the same
/// idempotency key.
@EventLoop
struct RepeatableResponses {
  struct Entry {
    let principal: Principal
    let key: String
    let bodyDigest: [UInt8]
    let log: EventLog
    let created: LoopInstant
  }

  /// More than a client has on its way; each look goes over all of them.
  private static let most = 1024
  /// Bytes of their events, and the part of what all logs may hold that they may take.
  private static let mostBytes = 16 << 20
  private static let part = 8

  /// The oldest first.
  private var entries: [Entry] = []
  private var bytes = 0

  nonisolated init() {}

  /// Keeps a response that gave an answer, for its time at most.
  mutating func keep(_ run: ResponseRun, _ key: String) {
    guard run.finalObject != nil else { return }
    entries.append(
      Entry(
        principal: run.principal, key: key, bodyDigest: run.request.bodyDigest, log: run.log,
        created: run.created))
    bytes += run.log.bytes
    let limit = min(Self.mostBytes, run.services.limits.responses / Self.part)
    while let oldest = entries.first,
      bytes > limit || entries.count > Self.most
        || !Self.isKnown(oldest, for: run.services.idempotencyLifetime)
    {
      bytes -= oldest.log.bytes
      entries.removeFirst()
    }
  }

  /// - Parameter lifetime: from the create on.
  func find(_ key: String, of subject: Subject, lifetime: Duration) -> Entry? {
    entries.last {
      $0.principal.subject == subject && $0.key == key && Self.isKnown($0, for: lifetime)
    }
  }

  private static func isKnown(_ entry: Entry, for lifetime: Duration) -> Bool {
    EventLoop.now - entry.created < lifetime
  }
}
