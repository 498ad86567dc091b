extension Database {
  /// How SQLite goes about each statement that this connection has run (`EXPLAIN QUERY PLAN`), the
  /// lines of each by its text.
  func plans() throws(StoreError) -> [String: [String]] {
    var plans: [String: [String]] = [:]
    for sql in runStatements where Self.isPlanned(sql) {
      let statement = try Statement("EXPLAIN QUERY PLAN \(sql)", in: self)
      var lines: [String] = []
      while try statement.step() { lines.append(statement.row.text(3)) }
      plans[sql] = lines
    }
    return plans
  }

  private static func isPlanned(_ sql: String) -> Bool {
    ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].contains { sql.hasPrefix($0) }
  }
}

extension Store {
  /// The plans of all statements that were run since the database was opened: none may read the whole
  /// of a table that grows.
  package func plans() async throws(StoreError) -> [String: [String]] {
    let plans = try openDatabase().plans()
    let others = try await reader.read { transaction throws(StoreError) in
      try transaction.database.plans()
    }
    return plans.merging(others) { one, _ in one }
  }
}
