/// What a database holds, for its operator.
package struct StoreContents: Sendable {
  package struct Kind: Sendable {
    /// Such as "events"; a table of no known kind has its own name.
    package let name: String
    package internal(set) var bytes: Int
  }

  package struct Owner: Sendable {
    package let subject: Subject
    package let conversations: Int
    package let responses: Int
  }

  package let statistics: StoreStatistics
  /// The largest first; nil where SQLite was built without the table that tells (`dbstat`).
  package let kinds: [Kind]?
  package let owners: [Owner]
  /// Deletions whose text may still be in the files.
  package let unerased: Int
}

extension Store {
  /// Reads what the database holds; takes seconds where it is large, so that it is for a store beside
  /// the one that is in use.
  package func contents() async throws(StoreError) -> StoreContents {
    let statistics = try statistics()
    let owners = try owners()
    let unerased = try read { transaction throws(StoreError) in
      try transaction.database.integer("SELECT count(*) FROM erasures") ?? 0
    }
    return StoreContents(
      statistics: statistics, kinds: try await kinds(), owners: owners, unerased: Int(unerased))
  }

  private func owners() throws(StoreError) -> [StoreContents.Owner] {
    try read { transaction throws(StoreError) in
      try transaction.subjectsWithRows().map { number throws(StoreError) in
        func count(_ table: String) throws(StoreError) -> Int {
          let sql = "SELECT count(*) FROM \(table) WHERE subject = ?"
          return Int(try transaction.database.integer(sql, .integer(number)) ?? 0)
        }
        return StoreContents.Owner(
          subject: try transaction.subject(number), conversations: try count("conversations"),
          responses: try count("responses"))
      }
    }
  }

  /// Between two tables nothing is held, so that the log can be cut.
  private func kinds() async throws(StoreError) -> [StoreContents.Kind]? {
    let database = try openDatabase()
    let isKnown =
      try database.integer(
        "SELECT 1 FROM pragma_module_list WHERE name = 'dbstat'") != nil
    guard isKnown else { return nil }
    let trees = try database.all(
      "SELECT name, tbl_name FROM sqlite_schema WHERE rootpage > 0"
    ) { (name: $0.text(0), table: $0.text(1)) }
    var kinds: [String: Int] = [:]
    for tree in trees {
      let bytes = try database.integer(
        "SELECT sum(pgsize) FROM dbstat WHERE name = ? AND aggregate = TRUE", .text(tree.name))
      kinds[Self.kind(ofTable: tree.table), default: 0] += Int(bytes ?? 0)
      await Task.yield()
      if Task.isCancelled {
        throw StoreError(.cancelled, "look at the database", "it was cancelled")
      }
    }
    return kinds.map { StoreContents.Kind(name: $0.key, bytes: $0.value) }
      .sorted { ($1.bytes, $0.name) < ($0.bytes, $1.name) }
  }

  private static func kind(ofTable table: String) -> String {
    switch table {
    case "items", "turns", "hidden_items": "items"
    case "conversations", "scopes": "conversations"
    case "cache_entries": "cache"
    case "price_lists", "prices": "prices"
    case _ where table.hasPrefix("words_") || table.hasPrefix("said_"): "search"
    case _ where table.hasPrefix("usage"): "usage"
    default: table
    }
  }
}

extension Transaction {
  /// Whose conversations and responses there are, found by one step through an index each.
  func subjectsWithRows() throws(StoreError) -> [Int64] {
    var subjects: Set<Int64> = []
    for table in ["conversations", "responses"] {
      var last = Int64.min
      while let next = try database.integer(
        "SELECT min(subject) FROM \(table) WHERE subject > ?", .integer(last))
      {
        subjects.insert(next)
        last = next
      }
    }
    return subjects.sorted()
  }
}

extension Store {
  /// Those who have conversations or responses, where a user has none.
  package func others(than user: UInt32) throws(StoreError) -> [Subject] {
    try read { transaction throws(StoreError) in
      let subjects = try transaction.subjectsWithRows()
      guard !subjects.contains(Int64(user)) else { return [] }
      return try subjects.map { number throws(StoreError) in try transaction.subject(number) }
    }
  }
}
