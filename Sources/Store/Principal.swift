/// On whose behalf rows are read and written: a subject, and the token that came with the request.
///
/// 1. Nothing of another subject is ever seen.
/// 2. A row says by which token it was made. A token sees what it made itself; one that is shared,
///    and the subject without a token, see all of the subject's.
/// 3. Ids, names and idempotency keys are unique per subject, whatever the token.
package struct Principal: Hashable, Sendable {
  package let subject: Subject
  /// The name of the token; nil for the subject itself.
  package let token: String?
  /// Whether it sees what the subject made without this token.
  package let seesAll: Bool

  /// The subject itself.
  package init(_ subject: Subject) {
    self.subject = subject
    token = nil
    seesAll = true
  }

  package init(_ subject: Subject, token: String, isShared: Bool = false) {
    self.subject = subject
    self.token = token
    seesAll = isShared
  }

  /// A user of this system, without a token.
  package static func user(_ id: UInt32) -> Principal { Principal(.user(id)) }

  /// Whether it sees what another made.
  package func sees(_ other: Principal) -> Bool {
    subject == other.subject && (seesAll || token == other.token)
  }
}
