package import EventLoop
package import Wire

/// Who has the daemon's page open: a code, which `halley open` has given to the browser, is exchanged
/// once for a token of the page's own. All of it is in memory, and ends with the daemon.
@EventLoop
package final class PageSessions {
  /// How long a browser may take to start.
  static let codeLifetime: Duration = .seconds(60)
  static let sessionLifetime: Duration = .seconds(12 * 3600)
  /// Of one user; a new one takes the place of the oldest.
  private static let mostCodes = 8
  private static let mostSessions = 32

  private struct Entry {
    let caller: Caller
    let end: ContinuousClock.Instant
  }

  private let now: @EventLoop () -> ContinuousClock.Instant
  private var codes: [[UInt8]: Entry] = [:]
  private var sessions: [[UInt8]: Entry] = [:]

  /// - Parameter now: a clock that counts while the machine sleeps.
  package nonisolated init(now: @escaping @EventLoop () -> ContinuousClock.Instant = { .now }) {
    self.now = now
  }

  /// A code for a page of a user.
  package func code(for caller: Caller) throws(RPCError) -> String {
    let code = try TokenSecret.code()
    let entry = Entry(caller: caller, end: now() + Self.codeLifetime)
    insert(entry, TokenSecret.digest(code), into: &codes, most: Self.mostCodes)
    return code
  }

  /// The token of a page that came with a code, which is then used up; nil for a code that is
  /// unknown, was used before, or is too old.
  package func redeem(_ code: String) throws(RPCError) -> String? {
    guard let entry = codes.removeValue(forKey: TokenSecret.digest(code)), now() < entry.end else {
      return nil
    }
    let token = try TokenSecret.token()
    let digest = TokenSecret.digest(token)
    let caller = Caller(Grant(pageOf: entry.caller), of: entry.caller.userID)
    let session = Entry(caller: caller, end: now() + Self.sessionLifetime)
    insert(session, digest, into: &sessions, most: Self.mostSessions)
    return token
  }

  /// Who comes with the token of a page; nil for one that is unknown or too old.
  package func caller(bearer token: String) -> Caller? {
    let digest = TokenSecret.digest(token)
    guard let entry = sessions[digest] else { return nil }
    if now() < entry.end { return entry.caller }
    sessions[digest] = nil
    return nil
  }

  private func insert(
    _ entry: Entry, _ digest: [UInt8], into entries: inout [[UInt8]: Entry], most: Int
  ) {
    let time = now()
    entries = entries.filter { time < $0.value.end }
    let own = entries.filter { $0.value.caller.userID == entry.caller.userID }
    if own.count >= most, let oldest = own.min(by: { $0.value.end < $1.value.end }) {
      entries[oldest.key] = nil
    }
    entries[digest] = entry
  }
}
