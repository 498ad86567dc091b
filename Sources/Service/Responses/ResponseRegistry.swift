internal import EventLoop
internal import Wire

/// The responses that run, and the last ones that have ended, by user and id.
@EventLoop
final class ResponseRegistry {
  private struct Key: Hashable {
    let uid: UInt32
    let id: String
  }

  /// Ended responses that can still be asked for.
  private static let maximumEnded = 64

  private var byID: [Key: ResponseRun] = [:]
  private var ended: [Key] = []
  private(set) var running: [ObjectIdentifier: ResponseRun] = [:]
  /// Called when the last running response has ended.
  var onIdle: (@EventLoop () -> Void)?

  nonisolated init() {}

  func started(_ run: ResponseRun) {
    running[ObjectIdentifier(run)] = run
  }

  /// Registers a response under the id that the upstream gave it, or under a new one where it gave
  /// none or one that this user's responses have already.
  func identify(_ run: ResponseRun, given: String?) -> String {
    var id = given ?? ""
    if id.isEmpty || byID[Key(uid: run.uid, id: id)] != nil { id = Self.mint() }
    byID[Key(uid: run.uid, id: id)] = run
    return id
  }

  func response(_ id: String, of uid: UInt32) -> ResponseRun? {
    byID[Key(uid: uid, id: id)]
  }

  /// How many responses of a user run.
  func count(of uid: UInt32) -> Int {
    running.values.count { $0.uid == uid }
  }

  func finished(_ run: ResponseRun) {
    running[ObjectIdentifier(run)] = nil
    if let id = run.id {
      ended.append(Key(uid: run.uid, id: id))
      if ended.count > Self.maximumEnded { byID[ended.removeFirst()] = nil }
    }
    if running.isEmpty { onIdle?() }
  }

  /// 128 random bits, as 32 hexadecimal digits behind `resp_`.
  static func mint() -> String {
    let halves = [UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max)]
    let digits = halves.map { half in
      let text = String(half, radix: 16)
      return String(repeating: "0", count: 16 - text.utf8.count) + text
    }
    return "resp_" + digits.joined()
  }
}
