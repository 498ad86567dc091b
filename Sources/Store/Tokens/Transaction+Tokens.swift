internal import JSON

extension Transaction {
  func hasToken(_ name: String, of subject: Subject) throws(StoreError) -> Bool {
    try database.integer(
      "SELECT id FROM tokens WHERE subject = ? AND name = ?", .integer(known(subject)), .text(name)
    ) != nil
  }

  func createToken(
    _ name: String, of subject: Subject, digest: [UInt8], _ limits: StoredToken.Limits
  ) throws(StoreError) -> StoredToken {
    let token = StoredToken(
      subject: subject, name: name, digest: digest, limits: limits, createdAt: now)
    _ = try database.insert(
      """
      INSERT INTO tokens (subject, name, digest, models, tools, budget, is_read_only, view,
        created_at, checksum)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """, .integer(added(subject)), .text(name), .blob(digest[...]),
      .text(limits.models.map(Self.list)), .text(Self.list(limits.tools)), .integer(limits.budget),
      .flag(limits.isReadOnly), .text(limits.view.rawValue), .integer(now),
      .integer(Self.checksum(of: token)))
    return token
  }

  /// Whether there was one.
  func deleteToken(_ name: String, of subject: Subject) throws(StoreError) -> Bool {
    try database.run(
      "DELETE FROM tokens WHERE subject = ? AND name = ?", .integer(known(subject)), .text(name)
    ) > 0
  }

  func noteUse(ofToken digest: [UInt8], at time: Int64) throws(StoreError) {
    try database.run(
      "UPDATE tokens SET last_used_at = max(coalesce(last_used_at, ?1), ?1) WHERE digest = ?2",
      .integer(time), .blob(digest[...]))
  }

  /// Those whose subject is not known any more are left out: one of them must not keep the others
  /// from being read.
  func tokens() throws(StoreError) -> [StoredToken] {
    try database.all(
      """
      SELECT subject, tokens.name, digest, models, tools, budget, is_read_only, view, created_at,
        last_used_at, checksum, subjects.name
      FROM tokens LEFT JOIN subjects ON subjects.id = tokens.subject ORDER BY subject, tokens.name
      """
    ) { row in
      let subject = UInt32(exactly: row.integer(0)).map(Subject.user) ?? Subject(row.text(11))
      return subject.map { Self.token(row, of: $0) }
    }.compactMap(\.self)
  }

  private static func token(_ row: borrowing Row, of subject: Subject) -> StoredToken {
    let token = StoredToken(
      subject: subject, name: row.text(1), digest: row.bytes(2), limits: limits(row),
      createdAt: row.integer(8), lastUsedAt: row.optionalInteger(9))
    return checksum(of: token) == row.integer(10) ? token : token.damaged
  }

  private static func limits(_ row: borrowing Row) -> StoredToken.Limits {
    var limits = StoredToken.Limits()
    limits.models = row.optionalText(3).map(globs)
    limits.tools = globs(row.text(4))
    limits.budget = row.optionalInteger(5)
    limits.isReadOnly = row.flag(6)
    // What is no view fails the checksum.
    limits.view = StoredToken.View(rawValue: row.text(7)) ?? .own
    return limits
  }

  private static func list(_ globs: [String]) -> String {
    RawJSON.build { $0.array { array in for glob in globs { array.string(glob) } } }.text
  }

  private static func globs(_ list: String) -> [String] {
    do throws(JSONError) {
      return try RawJSON(parsing: list).elements.compactMap(\.string)
    } catch {
      return []
    }
  }

  private static func checksum(of token: StoredToken) -> Int64 {
    var checksum = Checksum()
    checksum.combine(token.subject.name)
    checksum.combine(token.name)
    checksum.combine(token.digest[...])
    checksum.combine(token.limits.models.map(list))
    checksum.combine(list(token.limits.tools))
    checksum.combine(token.limits.budget)
    checksum.combine(token.limits.isReadOnly)
    checksum.combine(token.limits.view.rawValue)
    checksum.combine(token.createdAt)
    return checksum.value
  }
}

extension StoredToken {
  /// One that nobody can come with: what it allowed is not known.
  fileprivate var damaged: StoredToken {
    StoredToken(
      subject: subject, name: name, digest: [], limits: limits, createdAt: createdAt,
      lastUsedAt: lastUsedAt)
  }
}
