/// What a check of the whole database found.
package struct StoreCheck: Sendable {
  package struct Finding: Sendable, Equatable {
    /// nil for what is no row's.
    package let table: String?
    package let row: Int64?
    package let problem: String
  }

  /// Findings that are told; more say nothing new.
  static let mostFindings = 100

  /// Rows whose checksums were compared.
  package internal(set) var rows = 0
  package private(set) var findings: [Finding] = []

  package var isSound: Bool { findings.isEmpty }

  mutating func found(_ problem: String, table: String? = nil, row: Int64? = nil) {
    guard findings.count < Self.mostFindings else { return }
    findings.append(Finding(table: table, row: row, problem: problem))
  }
}

extension Store {
  /// Rows that are compared before others get the thread.
  private static let rowsAtOnce = 256

  /// Reads all pages and indexes (`PRAGMA integrity_check`), then every row that has a checksum.
  /// Takes as long as reading the whole file, so that it is for a store beside the one in use.
  package func check() async throws(StoreError) -> StoreCheck {
    var check = StoreCheck()
    try read { transaction throws(StoreError) in try transaction.checkPages(&check) }
    for table in Transaction.checkedTables {
      var last: Int64? = Int64.min
      while let row = last {
        last = try read { transaction throws(StoreError) in
          try transaction.check(table, after: row, limit: Self.rowsAtOnce, &check)
        }
        await Task.yield()
        if Task.isCancelled {
          throw StoreError(.cancelled, "check the database", "it was cancelled")
        }
      }
    }
    return check
  }
}

extension Transaction {
  static let checkedTables = ["conversations", "turns", "items", "responses", "events"]

  fileprivate func checkPages(_ check: inout StoreCheck) throws(StoreError) {
    let found = try database.all("PRAGMA integrity_check(\(StoreCheck.mostFindings))") {
      $0.text(0)
    }
    for problem in found where problem != "ok" { check.found(problem) }
    let strays = try database.all("PRAGMA foreign_key_check") {
      (table: $0.text(0), row: $0.optionalInteger(1), parent: $0.text(2))
    }
    for stray in strays {
      check.found(
        "it names a row of \(stray.parent) that is not there", table: stray.table, row: stray.row)
    }
  }

  /// Compares some rows behind one; returns the last of them, nil when there are no more.
  fileprivate func check(
    _ table: String, after row: Int64, limit: Int, _ check: inout StoreCheck
  ) throws(StoreError) -> Int64? {
    let owner = table == "events" ? "response" : table == "conversations" ? "0" : "subject"
    let rows = try database.all(
      "SELECT id, \(owner) FROM \(table) WHERE id > ? ORDER BY id LIMIT ?", .integer(row),
      .integer(Int64(limit))
    ) { (id: $0.integer(0), owner: $0.integer(1)) }
    for row in rows {
      check.rows += 1
      do throws(StoreError) {
        try read(table, row.id, row.owner)
      } catch {
        guard error.code == .corrupt else { throw error }
        check.found("\(error)", table: table, row: row.id)
      }
    }
    return rows.count < limit ? nil : rows.last?.id
  }

  private func read(_ table: String, _ row: Int64, _ owner: Int64) throws(StoreError) {
    switch table {
    case "conversations": _ = try conversation(row: row)
    case "turns": _ = try turn(row)
    case "items": _ = try item(row: row, subject: owner)
    case "responses": _ = try response(ResponseHandle(subject: owner, row: row))
    default: try checkSegment(row, of: owner)
    }
  }
}
