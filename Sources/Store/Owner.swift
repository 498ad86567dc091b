/// A principal as rows name it.
struct Owner: Hashable, Sendable {
  /// The number of the subject: a user's own, and 2^32 or more for others (`subjects`).
  let subject: Int64
  let token: String?
  let seesAll: Bool

  init(_ principal: Principal, subject: Int64) {
    self.subject = subject
    token = principal.token
    seesAll = principal.seesAll
  }

  /// Whether it sees a row of its subject that was made by a token, or by none.
  func sees(madeBy token: String?) -> Bool { seesAll || token == self.token }
}

/// The numbers of subjects.
///
/// Rows hold a number because they were made with users' before there were other subjects; a
/// number is never given to another subject.
extension Transaction {
  /// The number of a subject that has no row: no row has it.
  private static let unknown: Int64 = -1
  /// Behind those of users (`uid_t` has 32 bits).
  private static let firstNumber: Int64 = 1 << 32

  /// The owner of what is read; one that owns nothing yet finds nothing.
  func reader(_ principal: Principal) throws(StoreError) -> Owner {
    Owner(principal, subject: try known(principal.subject))
  }

  /// The owner of what is written.
  func writer(_ principal: Principal) throws(StoreError) -> Owner {
    Owner(principal, subject: try added(principal.subject))
  }

  /// The number of a subject whose rows are read.
  func known(_ subject: Subject) throws(StoreError) -> Int64 {
    try number(of: subject) ?? Self.unknown
  }

  /// The number of a subject that gets rows.
  func added(_ subject: Subject) throws(StoreError) -> Int64 {
    if let number = try number(of: subject) { return number }
    return try database.insert(
      "INSERT INTO subjects (id, name) SELECT max(coalesce(max(id) + 1, ?1), ?1), ?2 FROM subjects",
      .integer(Self.firstNumber), .text(subject.name))
  }

  private func number(of subject: Subject) throws(StoreError) -> Int64? {
    if let user = subject.userID { return Int64(user) }
    return try database.integer("SELECT id FROM subjects WHERE name = ?", .text(subject.name))
  }

  /// The subject of a number that a row holds.
  func subject(_ number: Int64) throws(StoreError) -> Subject {
    if let user = UInt32(exactly: number) { return .user(user) }
    let name = try database.first(
      "SELECT name FROM subjects WHERE id = ?", .integer(number)
    ) { $0.text(0) }
    guard let name, let subject = Subject(name) else { throw .corrupt("subjects", number) }
    return subject
  }
}
