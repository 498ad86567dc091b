/// Group commit.
///
/// Writes gather while a commit is in progress and share the next one. Each runs in a savepoint, so
/// that one that fails takes nothing of the others with it. A caller is answered after the COMMIT
/// that carried its write has returned, which is after the sync of the log.
extension Store {
  /// Runs a write in the next transaction and returns when it is on disk.
  ///
  /// - Parameter isEager: return when the write has run. Its commit may still fail, so that a later
  ///   write has to say the same.
  func write<Value: Sendable>(
    isEager: Bool = false, _ body: @escaping (Transaction) throws(StoreError) -> Value
  ) async throws(StoreError) -> Value {
    // The commit looks where the database is, before and behind it.
    guard !isClosed else { throw StoreError(.closed, "use the store", "the store was closed") }
    let outcome = await withCheckedContinuation {
      (continuation: CheckedContinuation<Result<Value, StoreError>, Never>) in
      queue.append(Self.pending(isEager: isEager, body, continuation))
    }
    return try outcome.get()
  }

  /// Runs a write on somebody's behalf in the next transaction and returns when it is on disk.
  func write<Value: Sendable>(
    as principal: Principal, _ body: @escaping (Transaction, Owner) throws(StoreError) -> Value
  ) async throws(StoreError) -> Value {
    try await write { transaction throws(StoreError) in
      try body(transaction, transaction.writer(principal))
    }
  }

  static func pending<Value: Sendable>(
    isEager: Bool, _ body: @escaping (Transaction) throws(StoreError) -> Value,
    _ continuation: CheckedContinuation<Result<Value, StoreError>, Never>
  ) -> WriteQueue.Write {
    var outcome = Result<Value, StoreError>.failure(
      StoreError(.failed, "write", "the write was not run"))
    return WriteQueue.Write(
      perform: { transaction in
        do throws(StoreError) {
          outcome = .success(try body(transaction))
          return nil
        } catch {
          outcome = .failure(error)
          return error
        }
      },
      answer: { error in continuation.resume(returning: error.map { .failure($0) } ?? outcome) },
      isEager: isEager)
  }

  // MARK: The commit

  private enum Attempt {
    case committed
    /// SQLite gave up the transaction in the middle of this write.
    case lost(index: Int, StoreError)
    case failed(StoreError)

    var error: StoreError? {
      switch self {
      case .committed: nil
      case .lost(_, let error), .failed(let error): error
      }
    }
  }

  func commitPending() {
    commit(queue.takeAll())
  }

  /// Commits some writes together, and answers them.
  func commit(_ writes: [WriteQueue.Write]) {
    var writes = writes
    var mayMakeRoom = true
    while !writes.isEmpty {
      let attempt = attempt(&writes)
      if mayMakeRoom, case .full? = attempt.error?.code {
        mayMakeRoom = false
        if makeRoom() { continue }
      }
      switch attempt {
      case .committed: return answer(writes, nil)
      case .failed(let error): return answer(writes, error)
      case .lost(let index, let error): answer([writes.remove(at: index)], error)
      }
    }
  }

  private func answer(_ writes: [WriteQueue.Write], _ error: StoreError?) {
    if error == nil {
      counters.writes += writes.count
    }
    for write in writes where !write.isAnswered { write.answer(error) }
  }

  private func attempt(_ writes: inout [WriteQueue.Write]) -> Attempt {
    do throws(StoreError) {
      let database = try begin()
      let transaction = transaction(on: database)
      for index in writes.indices {
        if let error = try perform(&writes[index], transaction) {
          return .lost(index: index, error)
        }
      }
      try database.run("COMMIT")
      try checkPlace()
      counters.commits += 1
      return .committed
    } catch {
      recover()
      return .failed(error)
    }
  }

  /// Begins a transaction, on a new connection when the one at hand has gone bad.
  private func begin() throws(StoreError) -> Database {
    let database = try verifiedDatabase()
    do throws(StoreError) {
      try database.run("BEGIN IMMEDIATE")
      return database
    } catch {
      guard error.code == .io || error.code == .readOnly || error.code == .failed else {
        throw error
      }
    }
    try reconnect()
    let replacement = try verifiedDatabase()
    try replacement.run("BEGIN IMMEDIATE")
    return replacement
  }

  /// Runs one write in a savepoint; returns its error only when that ended the transaction.
  private func perform(
    _ write: inout WriteQueue.Write, _ transaction: Transaction
  ) throws(StoreError) -> StoreError? {
    let error = try transaction.database.inSavepoint {
      let error = write.perform(transaction)
      if error == nil, write.isEager, !write.isAnswered {
        write.isAnswered = true
        write.answer(nil)
      }
      return error
    }
    return transaction.database.isInTransaction ? nil : error
  }

  // MARK: Recovering

  private func recover() {
    do throws(StoreError) {
      try database?.rollBack()
    } catch {
      // A connection that can't even roll back is given up; the next access opens another.
      database = nil
    }
  }

  /// Merges the log into the database, which frees the log's space; false when that failed too.
  private func makeRoom() -> Bool {
    recover()
    do throws(StoreError) {
      try openDatabase().checkpoint(.truncate, waits: true)
      return true
    } catch {
      return false
    }
  }
}
